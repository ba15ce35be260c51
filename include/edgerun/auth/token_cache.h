#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "edgerun/auth/claims.h"

namespace edgerun::auth {

/// Tokens that were verified, so that the same token costs a hash look-up the
/// next time. Bounded in entries; the longest unused goes first. Keyed by the
/// whole token and the verifier it was verified by, never by a digest that an
/// attacker could aim at (the hash is seeded). One per worker.
class TokenCache {
public:
    explicit TokenCache(std::size_t entries);
    ~TokenCache();
    TokenCache(const TokenCache&) = delete;
    TokenCache& operator=(const TokenCache&) = delete;

    /// Null unless present and valid at `now` (Unix seconds); an entry that is
    /// not valid any more is removed. The pointer keeps the claims alive on
    /// its own.
    std::shared_ptr<const Claims> find(std::uint64_t verifier, std::string_view token, double now);

    void insert(std::uint64_t verifier, std::string_view token,
                std::shared_ptr<const Claims> claims);

    void clear();
    std::size_t size() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace edgerun::auth
