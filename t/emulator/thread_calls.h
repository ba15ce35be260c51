#pragma once

#include "calls.h"

namespace emulator {

// The calls on threads, each on a request that is admitted and has a body of its shape.
CallResult createThread(CallContext& context);
CallResult getThread(CallContext& context);
CallResult deleteThread(CallContext& context);
CallResult addMessage(CallContext& context);
CallResult listMessages(CallContext& context);
CallResult getMessage(CallContext& context);

CallResult createRun(CallContext& context);
CallResult listRuns(CallContext& context);
CallResult pollRun(CallContext& context);
CallResult cancelRunCall(CallContext& context);
CallResult submitToolOutputs(CallContext& context);

// The settled thread of the path, or why there is none.
std::variant<Thread*, ApiError> threadOf(CallContext& context);

// The settled run of the path, or why there is none.
std::variant<Run*, ApiError> runOf(CallContext& context);

// Adds a checked CreateMessage to a thread.
Message& appendMessage(CallContext& context, Thread& thread, const json_t* body);

}  // namespace emulator
