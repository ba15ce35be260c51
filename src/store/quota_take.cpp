#include <algorithm>

#include "edgerun/store/crash_point.h"
#include "quota_change.h"
#include "quota_guard.h"
#include "quota_index.h"
#include "quota_records.h"
#include "quota_standing.h"

namespace edgerun::store {

namespace {

/// What the claims of one key come to.
struct Share {
    QuotaKey key{};
    QuotaWindow window;
    std::uint64_t amount = 0;    ///< of all of them
    std::uint64_t enforced = 0;  ///< of those that are no dry run
    bool isEnforced = false;     ///< are there such?
    bool isSettled = false;
    std::uint8_t claims = 0;

    QuotaUse standing;
    std::uint32_t counter = kNone;
    bool isCounterNew = false;
    std::uint32_t hold = kNone;  ///< kNone: there is no room
};

bool areCountable(const std::vector<QuotaClaim>& claims) {
    return claims.size() <= QuotaCounters::kMostClaims &&
           std::all_of(claims.begin(), claims.end(),
                       [](const QuotaClaim& claim) { return isPlausible(claim.window); });
}

/// One call of take(): its steps, in their order.
class Taking {
public:
    Taking(const QuotaView& view, const QuotaHolder& holder, std::int64_t now)
        : view_(view), holder_(holder), now_(now) {}

    void sumUp(const std::vector<QuotaClaim>& claims);
    void findCounters();
    /// Is all that is enforced within its limit?
    bool judge(const std::vector<QuotaClaim>& claims, std::vector<bool>& exceeded) const;
    /// False, and nothing is kept, if what is enforced has no room.
    bool findRoom();
    void apply(std::vector<QuotaRecord>& records);
    /// One for each claim.
    void tell(const std::vector<QuotaClaim>& claims, std::vector<QuotaUse>& uses) const;

private:
    Share* find(const QuotaKey& key);
    const Share& shareOf(const QuotaClaim& claim) const;
    bool findRoomFor(Share& share);
    void letGo(Share& share);
    void fillHold(const Share& share, std::uint64_t amount);
    void fillCounter(const Share& share);
    void note(QuotaChange& change, const Share& share, std::uint64_t holdSequence,
              std::uint64_t counterSequence);
    void link(const Share& share);

    const QuotaView& view_;
    const QuotaHolder& holder_;
    std::int64_t now_;
    std::vector<Share> shares_;  ///< one for each key
};

}  // namespace

QuotaTaken QuotaCounters::take(const QuotaHolder& holder, const std::vector<QuotaClaim>& claims,
                               std::int64_t now) {
    QuotaTaken taken;
    taken.uses.resize(claims.size());
    taken.exceeded.resize(claims.size());
    if (!areCountable(claims)) {
        taken.outcome = QuotaOutcome::Full;
        return taken;
    }
    taken.records.reserve(claims.size());
    Taking taking(view_, holder, now);
    taking.sumUp(claims);

    QuotaGuard guard(*lock_, view_);
    taking.findCounters();
    if (!taking.judge(claims, taken.exceeded)) {
        taken.outcome = QuotaOutcome::Spent;
    } else {
        guard.beginChange();
        if (taking.findRoom()) {
            taking.apply(taken.records);
        } else {
            taken.outcome = QuotaOutcome::Full;
        }
    }
    taking.tell(claims, taken.uses);
    return taken;
}

namespace {

Share* Taking::find(const QuotaKey& key) {
    const auto found = std::find_if(shares_.begin(), shares_.end(),
                                    [&key](const Share& share) { return share.key == key; });
    return found == shares_.end() ? nullptr : &*found;
}

const Share& Taking::shareOf(const QuotaClaim& claim) const {
    return *std::find_if(shares_.begin(), shares_.end(),
                         [&claim](const Share& share) { return share.key == claim.key; });
}

void Taking::sumUp(const std::vector<QuotaClaim>& claims) {
    shares_.reserve(claims.size());
    for (const QuotaClaim& claim : claims) {
        Share* known = find(claim.key);
        Share& share = known != nullptr ? *known : shares_.emplace_back();
        share.key = claim.key;
        share.window = claim.window;
        share.amount = cappedSum(share.amount, claim.amount);
        share.enforced = cappedSum(share.enforced, claim.isDryRun ? 0 : claim.amount);
        share.isEnforced = share.isEnforced || !claim.isDryRun;
        share.isSettled = share.isSettled || claim.isSettled;
        ++share.claims;
    }
}

void Taking::findCounters() {
    for (Share& share : shares_) {
        share.counter = findCounter(view_, share.key);
        share.standing = standingOf(view_, share.counter, share.window);
    }
}

bool Taking::judge(const std::vector<QuotaClaim>& claims, std::vector<bool>& exceeded) const {
    bool isWithin = true;
    for (std::size_t at = 0; at < claims.size(); ++at) {
        const QuotaClaim& claim = claims[at];
        const Share& share = shareOf(claim);
        // What is only tried refuses nothing, not even by its amount.
        const std::uint64_t amount = claim.isDryRun ? share.amount : share.enforced;
        const std::uint64_t used = share.standing.used;
        exceeded[at] =
            claim.limit != UINT64_MAX && (used > claim.limit || amount > claim.limit - used);
        isWithin = isWithin && (claim.isDryRun || !exceeded[at]);
    }
    return isWithin;
}

bool Taking::findRoom() {
    // What was found must not make way for the others.
    for (const Share& share : shares_) {
        if (share.counter != kNone) {
            ++view_.counters[share.counter].holds;
        }
    }
    EDGERUN_CRASH_POINT(quota_counters_kept);
    bool isRoom = true;
    for (const bool isEnforced : {true, false}) {
        for (Share& share : shares_) {
            if (share.isEnforced == isEnforced && isRoom) {
                isRoom = findRoomFor(share) || !isEnforced;
            }
        }
    }
    for (Share& share : shares_) {
        if (!isRoom || share.hold == kNone) {
            letGo(share);
        }
    }
    return isRoom;
}

bool Taking::findRoomFor(Share& share) {
    share.hold = takeHoldSlot(view_);
    if (share.hold == kNone || share.counter != kNone) {
        return share.hold != kNone;
    }
    share.counter = takeCounterSlot(view_, MayGo::Idle, now_);
    if (share.counter == kNone) {
        giveHoldSlot(view_, share.hold);
        share.hold = kNone;
        return false;
    }
    share.isCounterNew = true;
    // More may be forgotten than before.
    share.standing = standingOf(view_, kNone, share.window);
    return true;
}

void Taking::letGo(Share& share) {
    if (share.hold != kNone) {
        giveHoldSlot(view_, share.hold);
    }
    if (share.isCounterNew) {
        giveCounterSlot(view_, share.counter);
    } else if (share.counter != kNone) {
        --view_.counters[share.counter].holds;
    }
    share.hold = kNone;
}

void Taking::apply(std::vector<QuotaRecord>& records) {
    const std::uint64_t count = shares_.size();
    std::uint64_t sequence = takeSequences(view_, 2 * count);
    QuotaChange change(view_);
    for (const Share& share : shares_) {
        if (share.hold != kNone) {
            note(change, share, sequence, sequence + count);
            ++sequence;
        }
    }
    change.commit();
    for (Share& share : shares_) {
        if (share.hold != kNone) {
            link(share);
            const QuotaCounterSlot& counter = view_.counters[share.counter];
            records.push_back(recordOf(view_.holds[share.hold], share.key));
            share.standing = {counter.used, counter.reserved, counter.window};
        }
    }
}

/// Both slots as they will be; those that are free are filled at once but for their sequence.
void Taking::note(QuotaChange& change, const Share& share, std::uint64_t holdSequence,
                  std::uint64_t counterSequence) {
    const std::uint64_t used = cappedSum(share.standing.used, share.amount);
    fillHold(share, used - share.standing.used);
    view_.holds[share.hold].taken = holdSequence;
    change.set(view_.holds[share.hold].sequence, holdSequence);
    if (share.isCounterNew) {
        fillCounter(share);
    }
    QuotaCounterSlot& counter = view_.counters[share.counter];
    if (!isSame(counter.window, share.standing.window)) {
        change.set(counter.window, share.standing.window);
    }
    change.set(counter.used, used);
    change.set(counter.sequence, counterSequence);
}

void Taking::fillHold(const Share& share, std::uint64_t amount) {
    QuotaHoldSlot& hold = view_.holds[share.hold];
    hold.flags = share.isSettled ? kHoldSettled : 0;
    hold.amount = amount;
    hold.jobZone = holder_.jobZone;
    hold.window = share.standing.window;
    hold.takenAt = now_;
    hold.job = holder_.job;
    hold.claims = share.claims;
    hold.pid = holder_.pid;
    hold.counter = share.counter;
    EDGERUN_CRASH_POINT(quota_hold_filled);
}

void Taking::fillCounter(const Share& share) {
    QuotaCounterSlot& counter = view_.counters[share.counter];
    counter.key = share.key;
    counter.window = share.standing.window;
    counter.used = 0;
    counter.reserved = 0;
    counter.holds = 1;
    EDGERUN_CRASH_POINT(quota_counter_filled);
}

void Taking::tell(const std::vector<QuotaClaim>& claims, std::vector<QuotaUse>& uses) const {
    for (std::size_t at = 0; at < claims.size(); ++at) {
        uses[at] = shareOf(claims[at]).standing;
    }
}

/// What a repair would find out.
void Taking::link(const Share& share) {
    QuotaCounterSlot& counter = view_.counters[share.counter];
    if (share.isCounterNew) {
        linkCounter(view_, share.counter);
    }
    EDGERUN_CRASH_POINT(quota_counter_linked);
    counter.reserved =
        share.standing.reserved + (share.isSettled ? view_.holds[share.hold].amount : 0);
    linkHold(view_, share.hold);
}

}  // namespace

}  // namespace edgerun::store
