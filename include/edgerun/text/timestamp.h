#pragma once

#include <cstdint>
#include <string>

namespace edgerun::text {

/// RFC 3339 in UTC with milliseconds, "2026-11-21T05:27:00.123Z", for a Unix
/// time in milliseconds between the years 1970 and 9999 (others are clamped).
std::string formatTimestamp(std::int64_t unixMilliseconds);

}  // namespace edgerun::text
