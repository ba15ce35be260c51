#pragma once

#include "calls.h"

namespace emulator {

// An operator's own function, POST /tools/NAME: answers what its arguments ask for.
CallResult callTool(CallContext& context);

extern const Shape kToolCallShape;

}  // namespace emulator
