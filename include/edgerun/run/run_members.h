#pragma once

#include <jansson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edgerun/run/record.h"

/// What runs, responses and completions tell alike, read without trust.
namespace edgerun::run {

/// A count of tokens in such a "usage"; -1 where there is none.
std::int64_t tokensIn(const json_t* usage, const char* name);

/// What is unknown, below 0, does not count; nothing passes the largest number.
std::int64_t sumOf(std::int64_t a, std::int64_t b);
/// Of several rounds, likewise.
Usage sumOf(const Usage& a, const Usage& b);

/// "incomplete_details": {"reason"}. The reasons are an open list: "unknown" for what is no
/// [a-z_]{1,30}.
std::string incompleteReasonOf(const json_t* run);

/// Words of one part of a message, behind those of the parts before, or none.
void addWords(std::optional<std::string_view> words, std::optional<std::string>& answer);

}  // namespace edgerun::run
