#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace edgerun::text {

/// Unix ms: 9999-12-31T23:59:59.999Z.
inline constexpr std::int64_t kLastTimestamp = 253'402'300'799'999;

/// RFC 3339 in UTC with milliseconds, "2026-11-21T05:27:00.123Z", for a Unix
/// time in milliseconds between the years 1970 and 9999 (others are clamped).
std::string formatTimestamp(std::int64_t unixMilliseconds);

/// Unix milliseconds of an RFC 3339 section 5.6 date-time, "2027-01-01T00:00:00Z" or with an
/// offset; "t" and "z" may be small. Digits after the milliseconds do not count. nullopt for
/// anything else: days that a month does not have, missing seconds or offset, a blank for the "T",
/// and leap seconds (":60"), which Unix time does not have.
std::optional<std::int64_t> parseTimestamp(std::string_view text);

}  // namespace edgerun::text
