#include <algorithm>

#include "edgerun/store/crash_point.h"
#include "quota_change.h"
#include "quota_guard.h"
#include "quota_index.h"
#include "quota_records.h"
#include "quota_standing.h"

namespace edgerun::store {

namespace {

/// What becomes of a hold.
struct Verdict {
    bool stays;            ///< as an accepted one
    std::uint64_t counts;  ///< if not: so much of its window is used
};

/// The holds of one job, decided together.
class Ending {
public:
    Ending(const QuotaView& view, const JobId& job) : view_(view), job_(job) {}

    template <typename VerdictOf>
    void judge(VerdictOf verdictOf);
    bool changesAnything() const;
    std::size_t size() const { return count_; }
    void apply(std::vector<QuotaRecord>& records);

private:
    struct Part {
        std::uint32_t hold;
        std::uint32_t counter;
        Verdict verdict;
    };

    void note(QuotaChange& change, const Part& part, std::uint64_t& sequence) const;
    void noteEnd(QuotaChange& change, const Part& part, std::uint64_t& sequence) const;
    void unlink(const Part& part) const;

    const Part* begin() const { return parts_.data(); }
    const Part* end() const { return parts_.data() + count_; }

    const QuotaView& view_;
    const JobId& job_;
    std::array<Part, QuotaCounters::kMostClaims> parts_;
    std::size_t count_ = 0;
};

template <typename VerdictOf>
std::vector<QuotaRecord> decide(SharedLock& lock, const QuotaView& view, const JobId& job,
                                VerdictOf verdictOf) {
    std::vector<QuotaRecord> records;
    for (std::size_t room = 8;;) {
        records.reserve(room);  // not to run out of memory under the lock
        QuotaGuard guard(lock, view);
        Ending ending(view, job);
        ending.judge(verdictOf);
        if (!ending.changesAnything()) {
            return records;
        }
        room = ending.size();
        if (room <= records.capacity()) {
            guard.beginChange();
            ending.apply(records);
            return records;
        }
    }
}

}  // namespace

std::vector<QuotaRecord> QuotaCounters::keep(const JobId& job) {
    return decide(*lock_, view_, job, [](const QuotaHoldSlot& hold) {
        return Verdict{isSettled(hold), hold.amount};
    });
}

std::vector<QuotaRecord> QuotaCounters::giveBack(const JobId& job) {
    return decide(*lock_, view_, job, [](const QuotaHoldSlot&) { return Verdict{false, 0}; });
}

std::vector<QuotaRecord> QuotaCounters::settle(const JobId& job,
                                               std::optional<std::uint64_t> amount) {
    return decide(*lock_, view_, job, [amount](const QuotaHoldSlot& hold) {
        if (!amount || !isSettled(hold)) {
            return Verdict{false, hold.amount};
        }
        return Verdict{false,
                       *amount < kMostUsed / hold.claims ? *amount * hold.claims : kMostUsed};
    });
}

namespace {

template <typename VerdictOf>
void Ending::judge(VerdictOf verdictOf) {
    visitHolds(view_, job_, [&](std::uint32_t index) {
        const QuotaHoldSlot& hold = view_.holds[index];
        parts_[count_++] = {index, hold.counter, verdictOf(hold)};
        return count_ < parts_.size();
    });
}

bool Ending::changesAnything() const {
    return std::any_of(begin(), end(), [this](const Part& part) {
        return !part.verdict.stays || !isAccepted(view_.holds[part.hold]);
    });
}

void Ending::apply(std::vector<QuotaRecord>& records) {
    std::uint64_t sequence = takeSequences(view_, 1 + count_);
    const std::uint64_t ended = sequence++;  // below those of the counters
    QuotaChange change(view_);
    for (const Part& part : *this) {
        note(change, part, sequence);
    }
    change.commit();
    for (const Part& part : *this) {
        const QuotaHoldSlot& hold = view_.holds[part.hold];
        const QuotaKey& key = view_.counters[part.counter].key;
        if (part.verdict.stays) {
            records.push_back(recordOf(hold, key));
        } else {
            records.push_back(endOf(hold, key, part.verdict.counts, ended));
            unlink(part);
        }
    }
}

void Ending::note(QuotaChange& change, const Part& part, std::uint64_t& sequence) const {
    QuotaHoldSlot& hold = view_.holds[part.hold];
    if (part.verdict.stays) {
        change.set(hold.flags, hold.flags | kHoldAccepted);
        change.set(hold.sequence, sequence++);
    } else {
        noteEnd(change, part, sequence);
    }
}

void Ending::noteEnd(QuotaChange& change, const Part& part, std::uint64_t& sequence) const {
    QuotaHoldSlot& hold = view_.holds[part.hold];
    QuotaCounterSlot& counter = view_.counters[part.counter];
    change.set<std::uint64_t>(hold.sequence, 0);
    if (!isCurrent(hold, counter) || part.verdict.counts == hold.amount) {
        return;
    }
    const std::uint64_t used = change.valueOf(counter.used);
    const std::uint64_t others = used - std::min(used, hold.amount);
    change.set(counter.used, cappedSum(others, part.verdict.counts));
    change.set(counter.sequence, sequence++);
}

/// What a repair would find out.
void Ending::unlink(const Part& part) const {
    const QuotaHoldSlot& hold = view_.holds[part.hold];
    QuotaCounterSlot& counter = view_.counters[part.counter];
    --counter.holds;
    if (isSettled(hold) && isCurrent(hold, counter)) {
        counter.reserved -= std::min(counter.reserved, hold.amount);
    }
    unlinkHold(view_, part.hold);
    EDGERUN_CRASH_POINT(quota_hold_unlinked);
    giveHoldSlot(view_, part.hold);
}

}  // namespace

}  // namespace edgerun::store
