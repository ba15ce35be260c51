#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "edgerun/store/quota_counters.h"
#include "edgerun/store/quota_frames.h"

namespace edgerun::store {

/// What the frames of a journal come to, in whatever order they are read.
///
/// A counter that was copied has all holds and ends up to its own sequence. What is above that is
/// added: of a hold what it holds, of an end what of it counts (if the counter had the hold
/// already, the difference). As in a zone, nothing goes above the most that is counted.
class QuotaMerge {
public:
    /// `isBase`: of the file by which the former ones do not count any more. Only its counters are
    /// complete.
    void add(const QuotaFrame& frame, bool isBase);

    /// Counters, then holds that have not ended.
    std::vector<QuotaRecord> finish() const;

private:
    /// By key, job and first record: a hold.
    using HoldName = std::tuple<QuotaKey, JobId, std::uint64_t>;
    struct Part {
        QuotaRecord newest;     ///< Hold or End
        bool isCopied = false;  ///< it was alive when all was said anew
    };

    std::map<QuotaKey, QuotaRecord> counters_;
    std::map<HoldName, Part> parts_;
};

}  // namespace edgerun::store
