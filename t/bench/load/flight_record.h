#pragma once

#include <vector>

#include "clock.h"
#include "emulator_view.h"
#include "job_client.h"
#include "options.h"
#include "process_usage.h"
#include "result_line.h"

namespace jobload {

/// What a flight costs the worker, and how soon each job ended after its run had ended upstream.
class FlightRecord {
public:
    /// Takes the idle figures of worker and emulator, so it is made before the first job.
    explicit FlightRecord(const Options& options);

    /// To be called about once a second; `isFull`: no job of this flight has ended yet.
    void sample(bool isFull);

    /// Adds all figures to `line`; the worker's CPU time is taken now.
    void report(const std::vector<ClientJob>& jobs, ResultLine& line) const;

private:
    void reportWorker(ResultLine& line) const;
    void reportEmulator(ResultLine& line) const;
    void reportDelays(const std::vector<ClientJob>& jobs, ResultLine& line) const;

    const Options& options_;
    Nanos start_ = now();
    EmulatorStatistics emulatorBefore_;
    ProcessUsage idle_;
    ProcessUsage full_;
    std::int64_t peakKib_ = 0;
};

}  // namespace jobload
