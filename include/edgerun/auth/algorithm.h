#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace edgerun::auth {

/// Signature algorithms as RFC 7518 section 3.1 and RFC 8037 section 3.1 name them. EdDSA is
/// Ed25519 or Ed448, as its key says.
enum class Algorithm : std::uint8_t {
    HS256,
    HS384,
    HS512,
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    ES512,
    EdDSA,
};

const char* nameOf(Algorithm algorithm);

/// Exact bytes: "hs256", "none" and all names not listed above are nullopt.
std::optional<Algorithm> algorithmNamed(std::string_view name);

class AlgorithmSet {
public:
    constexpr AlgorithmSet() = default;
    constexpr AlgorithmSet(std::initializer_list<Algorithm> algorithms) {
        for (const Algorithm algorithm : algorithms) {
            add(algorithm);
        }
    }
    static constexpr AlgorithmSet all() {
        AlgorithmSet set;
        set.bits_ = (2U << static_cast<unsigned>(Algorithm::EdDSA)) - 1;
        return set;
    }

    constexpr void add(Algorithm algorithm) { bits_ |= bitOf(algorithm); }
    constexpr bool has(Algorithm algorithm) const { return (bits_ & bitOf(algorithm)) != 0; }
    constexpr bool empty() const { return bits_ == 0; }
    constexpr bool meets(AlgorithmSet other) const { return (bits_ & other.bits_) != 0; }
    constexpr AlgorithmSet operator&(AlgorithmSet other) const {
        other.bits_ &= bits_;
        return other;
    }
    constexpr bool operator==(AlgorithmSet other) const { return bits_ == other.bits_; }

private:
    static constexpr std::uint32_t bitOf(Algorithm algorithm) {
        return 1U << static_cast<unsigned>(algorithm);
    }

    std::uint32_t bits_ = 0;
};

/// Those of a shared secret: whoever can verify them can sign.
inline constexpr AlgorithmSet kSecretAlgorithms{Algorithm::HS256, Algorithm::HS384,
                                                Algorithm::HS512};

}  // namespace edgerun::auth
