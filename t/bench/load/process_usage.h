#pragma once

#include <sys/types.h>

#include <cstdint>

namespace jobload {

/// What one process used so far; zeros when there is no such process.
struct ProcessUsage {
    double cpuSeconds = 0;        ///< utime + stime of all its threads, /proc/PID/stat
    std::int64_t privateKib = 0;  ///< RssAnon, /proc/PID/status
    std::int64_t sharedKib = 0;   ///< RssShmem: pages of shared memory that it touched itself

    std::int64_t residentKib() const { return privateKib + sharedKib; }
};

ProcessUsage processUsage(pid_t pid);

/// CPU time of all threads, to the nanosecond: for what takes less than the ticks of
/// /proc/PID/stat. 0 when there is no such process.
double exactCpuSeconds(pid_t pid);

}  // namespace jobload
