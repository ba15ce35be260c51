#pragma once

#include <cstdint>
#include <vector>

#include "edgerun/engine/quota_book.h"
#include "edgerun/store/quota_counters.h"

namespace edgerun::engine {

/// How far a worker has come in its rounds over a zone's holds. Those of running jobs, of which
/// there may be many, are looked at more slowly.
struct HoldRounds {
    std::uint32_t undecided = 0;
    std::uint32_t accepted = 0;
};

/// Looks at some of the zone's holds, and decides those that nobody else will: their worker is
/// gone, or has missed the job's end. What changed is for the journal. `now` is Unix ms.
std::vector<store::QuotaRecord> decideHolds(store::QuotaCounters& counters, HoldRounds& rounds,
                                            JobFates& fates, std::int64_t now);

}  // namespace edgerun::engine
