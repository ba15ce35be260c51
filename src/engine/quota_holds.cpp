#include "quota_holds.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <unordered_map>

#include "edgerun/engine/clocks.h"

namespace edgerun::engine {

namespace {

constexpr std::size_t kUndecidedSeen = 1024;  // in one call
constexpr std::size_t kUndecidedAsked = 256;  // likewise: each asks for a whole job
constexpr std::size_t kAcceptedSeen = 64;
constexpr std::int64_t kLongUndecided = 600'000;  // ms: its worker is not what it was
constexpr std::uint64_t kSearchPause = 100;       // ms
constexpr std::int64_t kAcceptedAsked = 2'000;    // ms: jobs end a moment before they are settled

using Records = std::vector<store::QuotaRecord>;

void add(Records& records, Records more) {
    records.insert(records.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
}

class Decider {
public:
    Decider(store::QuotaCounters& counters, JobFates& fates, std::int64_t now)
        : counters_(counters), fates_(fates), now_(now) {}

    /// Where there are more to be asked for than that, it goes on there.
    void lookAtUndecided(std::uint32_t& cursor) {
        const std::uint32_t first = cursor;
        std::size_t due = 0;
        for (const auto& hold : counters_.holds(cursor, kUndecidedSeen)) {
            const bool isDue = isAbandoned(hold) || age(hold) > kLongUndecided;
            if (!hold.isAccepted && isDue && due++ < kUndecidedAsked) {
                decide(hold);
            }
        }
        if (due > kUndecidedAsked && !records_.empty()) {
            cursor = first;
        }
    }

    void lookAtAccepted(std::uint32_t& cursor) {
        for (const auto& hold : counters_.holds(cursor, kAcceptedSeen)) {
            if (hold.isAccepted && (isAbandoned(hold) || age(hold) > kAcceptedAsked)) {
                decide(hold);
            }
        }
    }

    Records takeRecords() { return std::move(records_); }

private:
    std::int64_t age(const store::QuotaHold& hold) const { return now_ - hold.takenAt; }

    bool isAbandoned(const store::QuotaHold& hold) {
        return hold.isRestored || isGone(hold.holder.pid);
    }

    bool isGone(std::int32_t pid) {
        const auto [it, isNew] = gone_.try_emplace(pid, false);
        if (isNew) {
            it->second = pid <= 0 || (kill(pid, 0) == -1 && errno == ESRCH);
        }
        return it->second;
    }

    void decide(const store::QuotaHold& hold) {
        const store::JobId& job = hold.holder.job;
        const JobFate fate = fates_.fateOf(hold.holder.jobZone, job);
        switch (fate.kind) {
            case JobFate::Kind::Undecided:
                return;
            case JobFate::Kind::Unknown:
                return decideUnknown(hold, fate);
            case JobFate::Kind::Running:
                return keep(hold);
            case JobFate::Kind::Ended:
                keep(hold);
                return add(records_, counters_.settle(job, tokensOf(fate.record)));
        }
    }

    /// An accepted job may have gone for want of room. Where jobs do not survive a restart, nobody
    /// knows whether one was accepted before.
    void decideUnknown(const store::QuotaHold& hold, const JobFate& fate) {
        const store::JobId& job = hold.holder.job;
        if (hold.isAccepted) {
            add(records_, counters_.settle(job, std::nullopt));
        } else if (hold.isRestored && !fate.survivesRestarts) {
            keep(hold);
        } else {
            add(records_, counters_.giveBack(job));
        }
    }

    void keep(const store::QuotaHold& hold) {
        if (!hold.isAccepted) {
            add(records_, counters_.keep(hold.holder.job));
        }
    }

    store::QuotaCounters& counters_;
    JobFates& fates_;
    std::int64_t now_;
    std::unordered_map<std::int32_t, bool> gone_;
    Records records_;
};

}  // namespace

Records HoldRounds::decideSome(store::QuotaCounters& counters, JobFates& fates) {
    Decider decider(counters, fates, wallNow());
    decider.lookAtUndecided(undecided_);
    decider.lookAtAccepted(accepted_);
    return decider.takeRecords();
}

bool HoldRounds::maySearch() const {
    return monotonicNow() >= searchesFrom_;
}

Records HoldRounds::search(store::QuotaCounters& counters, JobFates& fates) {
    Decider decider(counters, fates, wallNow());
    decider.lookAtUndecided(searched_);
    const bool isRound = searched_ == 0;
    if (isRound) {
        decider.lookAtAccepted(accepted_);
    }
    Records records = decider.takeRecords();
    if (isRound && records.empty()) {
        searchesFrom_ = monotonicNow() + kSearchPause;
    }
    return records;
}

std::optional<std::uint64_t> tokensOf(const run::Record& record) {
    if (record.usage.total >= 0) {
        return static_cast<std::uint64_t>(record.usage.total);
    }
    return record.hadNoRun ? std::optional<std::uint64_t>(0) : std::nullopt;
}

}  // namespace edgerun::engine
