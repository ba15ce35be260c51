#include "flight_record.h"

#include <algorithm>

#include "latency.h"

namespace jobload {

FlightRecord::FlightRecord(const Options& options)
    : options_(options),
      emulatorBefore_(fetchStatistics(*options.emulator)),
      idle_(processUsage(options.worker)) {}

void FlightRecord::sample(bool isFull) {
    auto usage = processUsage(options_.worker);
    if (isFull) {
        full_ = usage;
    }
    peakKib_ = std::max(peakKib_, usage.residentKib());
}

void FlightRecord::report(const std::vector<ClientJob>& jobs, ResultLine& line) const {
    reportWorker(line);
    reportEmulator(line);
    reportDelays(jobs, line);
}

void FlightRecord::reportWorker(ResultLine& line) const {
    auto count = static_cast<double>(options_.count);
    auto perJob = [count](std::int64_t kib) { return static_cast<double>(kib) / count; };
    auto cpu = processUsage(options_.worker).cpuSeconds - idle_.cpuSeconds;
    line.add("cpu_s", cpu)
        .add("cpu_s_per_1000_jobs", cpu * 1000 / count)
        .add("worker_busy", cpu / asSeconds(now() - start_))
        .add("idle_kib", idle_.residentKib())
        .add("full_kib", full_.residentKib())
        .add("kib_per_job", perJob(full_.residentKib() - idle_.residentKib()))
        .add("private_kib_per_job", perJob(full_.privateKib - idle_.privateKib))
        .add("shared_kib_per_job", perJob(full_.sharedKib - idle_.sharedKib))
        .add("peak_kib_per_job", perJob(peakKib_ - idle_.residentKib()));
}

void FlightRecord::reportEmulator(ResultLine& line) const {
    auto count = static_cast<double>(options_.count);
    auto after = fetchStatistics(*options_.emulator);
    auto perJob = [count](std::int64_t calls) { return static_cast<double>(calls) / count; };
    auto cpu = after.cpuSeconds - emulatorBefore_.cpuSeconds;
    line.add("polls_per_job", perJob(after.polls - emulatorBefore_.polls))
        .add("upstream_calls_per_job", perJob(after.requests - emulatorBefore_.requests))
        .add("peak_upstream_connections", after.peakConnections)
        .add("emulator_busy", cpu / asSeconds(now() - start_));
}

void FlightRecord::reportDelays(const std::vector<ClientJob>& jobs, ResultLine& line) const {
    auto runs = fetchRuns(*options_.emulator);
    Latency delays;
    Latency fetches;
    std::int64_t beforeTheEnd = 0;
    for (const auto& job : jobs) {
        auto run = runs.find(job.id);
        if (run == runs.end() || !job.completedAt || run->second.finalAtMs == 0) {
            continue;
        }
        auto since = [&job](std::int64_t ms) {
            return std::max<std::int64_t>(*job.completedAt - ms, 0) * kMillisecond;
        };
        delays.add(since(run->second.finalAtMs));
        fetches.add(since(run->second.firstSeenMs));
        // Both are wall clock of one machine, in whole milliseconds: one may be rounding.
        beforeTheEnd += *job.completedAt + 1 < run->second.finalAtMs;
    }
    line.add("delay", delays)
        .add("delay_after_seen", fetches)
        .add("delays_measured", static_cast<std::int64_t>(delays.count()))
        .add("completed_before_the_end", beforeTheEnd);
}

}  // namespace jobload
