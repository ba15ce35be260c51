#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "run_script.h"
#include "world.h"

namespace emulator {

// What every dialect of the API answers, as the script has it.

inline constexpr std::string_view kRefusalText = "I can't help with that.";

// The words of the `index`th message.
std::string answerText(const RunScript& script, std::size_t index = 0);

// Tokens for so many bytes of input and output, unless the script says otherwise.
Usage usageOf(const RunScript& script, std::int64_t inputBytes, std::int64_t outputBytes);

// How long the work takes: the script's duration, or that of the settings with its jitter.
std::int64_t durationOf(World& world, const Settings& settings, const RunScript& script);

}  // namespace emulator
