#include <algorithm>

#include "edgerun/store/crash_point.h"
#include "quota_change.h"
#include "quota_guard.h"
#include "quota_index.h"
#include "quota_records.h"

namespace edgerun::store {

namespace {

/// Could a zone have written it?
bool isPlausible(const QuotaRecord& record) {
    return record.sequence > kNoRecord && record.sequence <= kMostSequence &&
           isPlausible(record.window) && record.amount <= kMostUsed && record.claims != 0;
}

/// Brings one record back.
class Restoring {
public:
    Restoring(const QuotaView& view, const QuotaRecord& record, std::int64_t now)
        : view_(view), record_(record), now_(now) {}

    bool restoreCounter();
    bool restoreHold();

private:
    std::uint32_t findOrMakeCounter();
    std::uint32_t findHold(std::uint32_t counter);
    void fillHold(std::uint32_t index, std::uint32_t counter);

    const QuotaView& view_;
    const QuotaRecord& record_;
    std::int64_t now_;
};

}  // namespace

bool QuotaCounters::restore(const QuotaRecord& record, std::int64_t now) {
    if (!isPlausible(record)) {
        return true;
    }
    QuotaRestoreGuard guard(*lock_, view_);
    guard.beginChange();
    QuotaHeader& header = *view_.header;
    storeInOrder<std::uint32_t>(header.isReservedStale, 1);
    storeInOrder(header.sequence, std::max(header.sequence, record.sequence));
    Restoring restoring(view_, record, now);
    switch (record.kind) {
        case QuotaRecord::Kind::Counter:
            return restoring.restoreCounter();
        case QuotaRecord::Kind::Hold:
            return restoring.restoreHold();
        case QuotaRecord::Kind::End:
            return true;
    }
    return true;
}

namespace {

// --- counters ---

bool Restoring::restoreCounter() {
    const std::uint32_t index = findOrMakeCounter();
    if (index == kNone) {
        // Nobody will miss it.
        return record_.window.end <= now_;
    }
    QuotaCounterSlot& counter = view_.counters[index];
    if (counter.sequence < record_.sequence) {
        QuotaChange change(view_);
        change.set(counter.window, record_.window);
        change.set(counter.used, record_.amount);
        change.set(counter.sequence, record_.sequence);
        change.commit();
    }
    return true;
}

std::uint32_t Restoring::findOrMakeCounter() {
    const std::uint32_t known = findCounter(view_, record_.key);
    if (known != kNone) {
        return known;
    }
    // One that has counted nothing may be newer than a record that is still to come.
    const std::uint32_t index = takeCounterSlot(view_, MayGo::Ended, now_);
    if (index == kNone) {
        return kNone;
    }
    QuotaCounterSlot& counter = view_.counters[index];
    counter.key = record_.key;
    counter.window = record_.window;
    counter.used = counter.reserved = 0;
    counter.holds = 0;
    EDGERUN_CRASH_POINT(quota_restored_counter_filled);
    storeInOrder(counter.sequence, kNoRecord);
    linkCounter(view_, index);
    return index;
}

// --- holds ---

bool Restoring::restoreHold() {
    const std::uint32_t counter = findOrMakeCounter();
    const std::uint32_t known = counter == kNone ? kNone : findHold(counter);
    if (known != kNone) {
        if (view_.holds[known].sequence < record_.sequence) {
            storeInOrder<std::uint64_t>(view_.holds[known].sequence, 0);
            fillHold(known, counter);
            storeInOrder(view_.holds[known].sequence, record_.sequence);
        }
        return true;
    }
    const std::uint32_t index = counter == kNone ? kNone : takeHoldSlot(view_);
    if (index == kNone) {
        return false;
    }
    fillHold(index, counter);
    storeInOrder(view_.holds[index].sequence, record_.sequence);
    EDGERUN_CRASH_POINT(quota_hold_restored);
    linkHold(view_, index);
    ++view_.counters[counter].holds;
    return true;
}

std::uint32_t Restoring::findHold(std::uint32_t counter) {
    std::uint32_t found = kNone;
    visitHolds(view_, record_.holder.job, [&](std::uint32_t index) {
        found = view_.holds[index].counter == counter ? index : kNone;
        return found == kNone;
    });
    return found;
}

void Restoring::fillHold(std::uint32_t index, std::uint32_t counter) {
    QuotaHoldSlot& hold = view_.holds[index];
    hold.flags = kHoldRestored | (record_.isSettled ? kHoldSettled : 0) |
                 (record_.isAccepted ? kHoldAccepted : 0);
    hold.taken = record_.taken;
    hold.amount = record_.amount;
    hold.jobZone = record_.holder.jobZone;
    hold.window = record_.window;
    hold.takenAt = timeOf(record_.holder.job);
    hold.job = record_.holder.job;
    hold.claims = record_.claims;
    hold.pid = record_.holder.pid;
    hold.counter = counter;
}

}  // namespace

}  // namespace edgerun::store
