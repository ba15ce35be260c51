#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "endpoint.h"

namespace jobload {

/// When a run ended and when that was first told to anybody; ms since the epoch.
struct UpstreamRun {
    std::int64_t finalAtMs = 0;
    std::int64_t firstSeenMs = 0;
};

struct EmulatorStatistics {
    std::int64_t requests = 0;
    std::int64_t polls = 0;  ///< of runs
    std::int64_t peakConnections = 0;
    double cpuSeconds = 0;
};

/// From the emulator's control endpoints; all zeros when it does not answer as expected.
EmulatorStatistics fetchStatistics(const Endpoint& emulator);

/// By job id.
std::unordered_map<std::string, UpstreamRun> fetchRuns(const Endpoint& emulator);

}  // namespace jobload
