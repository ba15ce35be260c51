#pragma once

#include <cstdint>
#include <vector>

#include "edgerun/engine/quota_book.h"
#include "edgerun/store/quota_counters.h"

namespace edgerun::engine {

/// One worker's rounds over a zone's holds, in which it decides those that nobody else will: their
/// worker is gone, or has missed the job's end. Each call looks at some, and returns what changed,
/// for the journal.
class HoldRounds {
public:
    /// To be called every second. Holds of running jobs, of which there may be many, are looked at
    /// more slowly.
    std::vector<store::QuotaRecord> decideSome(store::QuotaCounters& counters, JobFates& fates);

    /// The same at once, for somebody who would be refused. False for a moment after all were
    /// looked at in vain.
    bool maySearch() const;
    std::vector<store::QuotaRecord> search(store::QuotaCounters& counters, JobFates& fates);

private:
    std::uint32_t undecided_ = 0;
    std::uint32_t accepted_ = 0;
    std::uint32_t searched_ = 0;
    std::uint64_t searchesFrom_ = 0;
};

}  // namespace edgerun::engine
