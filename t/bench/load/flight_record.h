#pragma once

#include <cstddef>
#include <vector>

#include "job_client.h"
#include "options.h"
#include "process_usage.h"
#include "result_line.h"

namespace jobload {

/// What a flight costs the worker, and how soon each job ended after its run had ended upstream.
class FlightRecord {
public:
    /// Takes the worker's idle figures, so it is made before the first job.
    explicit FlightRecord(const Options& options);

    /// To be called about once a second; `isFull`: no job of this flight has ended yet.
    void sample(bool isFull);

    /// Asks the emulator when the runs ended and adds all figures to `line`.
    void report(const std::vector<ClientJob>& jobs, ResultLine& line) const;

private:
    void reportWorker(ResultLine& line) const;
    void reportDelays(const std::vector<ClientJob>& jobs, ResultLine& line) const;

    const Options& options_;
    ProcessUsage idle_;
    ProcessUsage full_;
    std::int64_t peakKib_ = 0;
    std::size_t peakUpstream_ = 0;
};

}  // namespace jobload
