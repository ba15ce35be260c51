#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "edgerun/auth/token_cache.h"

namespace edgerun::auth {

/// Multilinear hashing (Lemire and Kaser, "Strongly universal string hashing is
/// fast", 2014): for any two different inputs the hashes are equal with
/// probability 2^-32 over the secret seed, whatever the inputs are. So nobody
/// can prepare tokens that share a bucket; std::hash has collisions for every
/// seed, and SHA-256 costs five times as much.
class TokenHash {
public:
    /// Draws the seed from OpenSSL's generator; false if it has none to give.
    bool seed();

    /// For tokens of at most kMaxCachedTokenBytes.
    std::uint32_t operator()(std::uint64_t verifier, std::string_view token) const;

private:
    static constexpr std::size_t kWords = kMaxCachedTokenBytes / sizeof(std::uint32_t);

    std::uint64_t constant_ = 0;
    std::array<std::uint64_t, 3> forVerifierAndLength_{};
    std::array<std::uint64_t, kWords> forToken_{};
};

}  // namespace edgerun::auth
