#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "edgerun/auth/claims.h"

namespace edgerun::auth {

/// The longest token that is looked at, in bytes.
inline constexpr std::size_t kMaxTokenBytes = 16 * 1024;

/// Algorithms as RFC 7518 section 3.1 names them. Other kinds join this list.
enum class Algorithm { HS256, HS384, HS512 };

const char* nameOf(Algorithm algorithm);

/// A key with everything that is derived from it once. Each key is pinned to
/// the algorithms that it may verify; a header that names another is refused.
class VerificationKey {
public:
    virtual ~VerificationKey() = default;
    virtual bool allows(Algorithm algorithm) const = 0;
    /// Is `signature` (raw bytes) that of `input` under `algorithm`? Constant
    /// time in the signature's bytes. Leaves OpenSSL's error queue empty.
    virtual bool verify(Algorithm algorithm, std::string_view input,
                        std::string_view signature) const = 0;
};

/// A secret of at least 32 bytes; null otherwise, or if OpenSSL refuses. It
/// allows HS256, HS384 when it has 48 bytes, HS512 when it has 64
/// (RFC 7518 section 3.2: a key of the hash's size or larger), or, for shorter
/// secrets, HS256 only.
/// Not to be shared by threads. To be made after fork, in each worker.
std::unique_ptr<VerificationKey> makeHmacKey(std::string_view secret);

/// One compact JWS (RFC 7515 section 3.1, 5.2) checked against `keys`, then its
/// claims read. Nothing in the token chooses a key's kind; jwk, jku, x5u, x5c
/// are never read; any crit is refused. Time is linear in the token.
/// `now` in Unix seconds; a token outside its validity is a problem.
std::variant<Claims, TokenProblem> verifyToken(
    std::string_view token, const std::vector<std::unique_ptr<VerificationKey>>& keys,
    const ClaimMap& map, double now);

}  // namespace edgerun::auth
