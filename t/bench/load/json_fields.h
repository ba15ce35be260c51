#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace jobload {

/// The raw text of a top-level member of a JSON object: strings without their quotes (escapes
/// stay), anything else as written; nullopt when absent. Reads what servers of this benchmark
/// write; it is no validating parser.
std::optional<std::string_view> jsonMember(std::string_view object, std::string_view name);

/// Calls `each` with every element of a JSON array, in order.
void forEachElement(std::string_view array, const std::function<void(std::string_view)>& each);

/// "2026-11-20T12:34:56.789Z" as milliseconds since the epoch.
std::optional<std::int64_t> millisecondsOf(std::string_view isoTime);

}  // namespace jobload
