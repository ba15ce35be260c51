#pragma once

#include "calls.h"

namespace emulator {

// POST /chat/completions: the answer comes when the completion is made; a client that leaves
// before that cancels it.
CallResult createCompletion(CallContext& context);

}  // namespace emulator
