#pragma once

#include "options.h"

namespace jobload {

/// Each measures one thing, prints one line of JSON and returns the exit status: 0, or 1 when
/// something other than slowness went wrong (a refused request, a lost job).
int runPoll(const Options& options);
int runSubmit(const Options& options);
int runFlight(const Options& options);
int runAccept(const Options& options);
int runWatch(const Options& options);
int runAwait(const Options& options);

}  // namespace jobload
