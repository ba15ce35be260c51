#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "edgerun/auth/caller.h"

namespace edgerun::auth {

/// Longer tokens are not kept, which bounds the cache in bytes too.
inline constexpr std::size_t kMaxCachedTokenBytes = 4 * 1024;

/// Tokens that were verified, so that the same token costs a hash look-up the
/// next time. Bounded in entries; the longest unused goes first. Keyed by the
/// whole token and the verifier it was verified by, never by a digest that an
/// attacker could aim at (the hash is seeded). A verifier's number must never
/// stand for other keys or another policy than before: a new configuration takes new
/// numbers. One per worker.
class TokenCache {
public:
    explicit TokenCache(std::size_t entries);
    ~TokenCache();
    TokenCache(const TokenCache&) = delete;
    TokenCache& operator=(const TokenCache&) = delete;

    /// Null unless present and valid at `now` (Unix seconds); an entry that is
    /// not valid any more is removed. The pointer keeps the caller alive on
    /// its own.
    std::shared_ptr<const Caller> find(std::uint64_t verifier, std::string_view token, double now);

    /// Does nothing for a token above kMaxCachedTokenBytes or for a null caller.
    void insert(std::uint64_t verifier, std::string_view token,
                std::shared_ptr<const Caller> caller);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace edgerun::auth
