#pragma once

#include <cstdint>
#include <string>

#include "world.h"

namespace emulator {

// A run step; what a file search found is part of it only when that is asked for.
std::string renderStep(const Run& run, const RunStep& step, bool withContent);

// A call of a function, in a run step with its output (null until it has come).
std::string renderToolCall(const ToolCall& call, bool withOutput);

// A Unix time as OpenAI gives it; null when it is 0, or does not hold.
std::string seconds(std::int64_t ms);
std::string secondsIf(bool holds, std::int64_t ms);

}  // namespace emulator
