#pragma once

#include <optional>

#include "calls.h"

namespace emulator {

CallResult listSteps(CallContext& context);
CallResult getStep(CallContext& context);

// What include[] of runs and their steps asks for.
struct Includes {
    bool fileSearchContent = false;
    std::optional<ApiError> error;
};
Includes readIncludes(const Pairs& query);

}  // namespace emulator
