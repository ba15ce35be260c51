#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edgerun/auth/owner.h"

namespace edgerun::store {

/// 48-bit Unix milliseconds (big-endian, so ids sort by time), one node byte,
/// 80 random bits, 32 bits of a MAC: 21 bytes, 28 characters of base64url.
inline constexpr std::size_t kJobIdBytes = 21;
inline constexpr std::size_t kJobIdCharacters = 28;

using JobId = std::array<std::uint8_t, kJobIdBytes>;

/// Belongs to one job zone, drawn at its creation.
using JobIdSecret = std::array<std::uint8_t, 32>;

/// Who may use an id: the user, and the location under which the job was made.
struct JobOwner {
    auth::OwnerKey user{};
    std::uint64_t scope = 0;
};

inline bool operator==(const JobOwner& a, const JobOwner& b) {
    return a.user == b.user && a.scope == b.scope;
}

/// The MAC (HMAC-SHA-256, cut) covers the id and its owner: for anybody else a
/// genuine id looks like an invented one.
/// nullopt only when the system's random source fails.
std::optional<JobId> makeJobId(std::int64_t unixMilliseconds, std::uint8_t node,
                               const JobOwner& owner, const JobIdSecret& secret);

/// Was this id made here, for this owner? (Constant time.)
bool isGenuine(const JobId& id, const JobOwner& owner, const JobIdSecret& secret);

/// What an id begins with, Unix milliseconds.
std::int64_t timeOf(const JobId& id);

std::string formatJobId(const JobId& id);

/// Exactly 28 characters of strict base64url, nullopt otherwise.
std::optional<JobId> parseJobId(std::string_view text);

}  // namespace edgerun::store
