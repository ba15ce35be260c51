#pragma once

#include <string_view>

#include "world.h"

namespace emulator {

// A run changes with time, not with timers: whoever looks at one settles it first, and it then is
// what it would be if every change had happened at its own moment.
void settleRun(World& world, Run& run, std::int64_t nowMs);
void settleThread(World& world, Thread& thread, std::int64_t nowMs);

// Puts a new run at the beginning of its life. `thread`, `script` and `echo` are set.
void beginRun(World& world, const Settings& settings, Run& run, std::int64_t nowMs);

void cancelRun(const Settings& settings, Run& run, std::int64_t nowMs);

// All pending tool outputs have come: the run goes back to the queue.
void resumeRun(World& world, const Settings& settings, Run& run, std::int64_t nowMs);

bool isFinal(RunStatus status);

// The status as clients see it.
std::string_view statusWord(const Run& run);

// The run that locks a thread (settled before), if any.
const Run* activeRun(const Thread& thread);

}  // namespace emulator
