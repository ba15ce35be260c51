#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "edgerun/store/journal_replay.h"

namespace edgerun::journal {

/// A JSON object on one line; nullopt if it is none.
std::optional<std::string> jsonLineOf(std::string_view json);

/// The job as one line of JSON. nullopt when something in it is neither UTF-8 nor JSON.
std::optional<std::string> lineOf(const store::ReplayedJob& replayed);

}  // namespace edgerun::journal
