#include "quota_index.h"

#include <algorithm>

#include "edgerun/store/crash_point.h"
#include "id_words.h"

namespace edgerun::store {

namespace {

/// How many counters one call looks at for one that may go: some 10 us.
constexpr std::uint32_t kSearched = 1024;

std::uint32_t& counterBucket(const QuotaView& view, const QuotaKey& key) {
    std::uint64_t hash = (wordAt(key.data()) ^ view.seed) * 0x9e37'79b9'7f4a'7c15;
    hash = (hash ^ (hash >> 32) ^ wordAt(key.data() + 8)) * 0xff51'afd7'ed55'8ccd;
    return view.counterBuckets[(hash >> 32) & (view.counterBucketCount - 1)];
}

/// Out of a chain that begins at `bucket`.
template <typename Slot>
void unlink(const QuotaView& view, Slot* slots, std::uint32_t count, std::uint32_t index,
            std::uint32_t& bucket) {
    std::uint32_t* link = &bucket;
    for (std::uint32_t steps = 0; *link < count && steps < count; ++steps) {
        if (*link == index) {
            *link = slots[index].next;
            return;
        }
        link = &slots[*link].next;
    }
    reportDamage(view);
}

/// A free slot: one that was given back, or one that was never used.
template <typename Slot>
std::uint32_t takeFree(const QuotaView& view, Slot* slots, std::uint32_t count,
                       std::uint32_t& firstFree, std::uint32_t& touched) {
    const std::uint32_t index = firstFree;
    if (index == kNone) {
        if (touched >= count) {
            return kNone;
        }
        // A repair looks at touched slots only: this one must be out of use by then.
        storeInOrder<std::uint64_t>(slots[touched].sequence, 0);
        return touched++;
    }
    if (index >= count || slots[index].sequence != 0) {
        reportDamage(view);
        return kNone;
    }
    firstFree = slots[index].next;
    return index;
}

/// Those that are given away count as free until they are in use.
bool mayGo(const QuotaCounterSlot& counter, MayGo which, std::int64_t now) {
    const bool isIdle = which == MayGo::Idle && counter.used == 0;
    return isSound(counter) && counter.holds == 0 && (isIdle || counter.window.end <= now);
}

/// Unlinks one; kNone if there is none among the next ones.
std::uint32_t dropCounter(const QuotaView& view, MayGo which, std::int64_t now) {
    QuotaHeader& header = *view.header;
    const std::uint32_t touched = std::min(header.countersTouched, view.counterCount);
    for (std::uint32_t step = 0; step < std::min(kSearched, touched); ++step) {
        const std::uint32_t index = header.searchAt < touched ? header.searchAt : 0;
        header.searchAt = index + 1;
        QuotaCounterSlot& counter = view.counters[index];
        if (!mayGo(counter, which, now)) {
            continue;
        }
        const QuotaWindow& window = counter.window;
        storeInOrder(
            header.forgottenUntil,
            std::max(header.forgottenUntil, std::min(window.end, std::max(now, window.begin))));
        EDGERUN_CRASH_POINT(quota_counter_forgotten);
        storeInOrder<std::uint64_t>(counter.sequence, 0);
        EDGERUN_CRASH_POINT(quota_counter_dropped);
        unlink(view, view.counters, view.counterCount, index, counterBucket(view, counter.key));
        return index;
    }
    return kNone;
}

}  // namespace

void clearIndex(const QuotaView& view) {
    std::fill_n(view.counterBuckets, view.counterBucketCount, kNone);
    std::fill_n(view.holdBuckets, view.holdBucketCount, kNone);
    QuotaHeader& header = *view.header;
    header.freeCounter = header.freeHold = kNone;
    header.countersFree = view.counterCount;
    header.holdsFree = view.holdCount;
}

bool isSound(const QuotaCounterSlot& counter) {
    return counter.sequence != 0 && counter.sequence <= kMostSequence &&
           counter.used <= kMostUsed && isPlausible(counter.window);
}

bool isSound(const QuotaView& view, const QuotaHoldSlot& hold) {
    return hold.sequence != 0 && hold.sequence <= kMostSequence &&
           hold.counter < std::min(view.header->countersTouched, view.counterCount) &&
           view.counters[hold.counter].sequence != 0 && hold.amount <= kMostUsed &&
           hold.claims != 0 && isPlausible(hold.window);
}

// --- counters ---

std::uint32_t findCounter(const QuotaView& view, const QuotaKey& key) {
    std::uint32_t index = counterBucket(view, key);
    for (std::uint32_t steps = 0; index != kNone; ++steps) {
        if (index >= view.counterCount || steps == view.counterCount ||
            !isSound(view.counters[index])) {
            reportDamage(view);
            return kNone;
        }
        if (view.counters[index].key == key) {
            return index;
        }
        index = view.counters[index].next;
    }
    return kNone;
}

void linkCounter(const QuotaView& view, std::uint32_t index) {
    QuotaCounterSlot& counter = view.counters[index];
    std::uint32_t& bucket = counterBucket(view, counter.key);
    counter.next = bucket;
    EDGERUN_CRASH_POINT(quota_counter_half_linked);
    bucket = index;
}

std::uint32_t takeCounterSlot(const QuotaView& view, MayGo which, std::int64_t now) {
    QuotaHeader& header = *view.header;
    const std::uint32_t index = takeFree(view, view.counters, view.counterCount, header.freeCounter,
                                         header.countersTouched);
    EDGERUN_CRASH_POINT(quota_counter_slot_taken);
    if (index == kNone) {
        return dropCounter(view, which, now);
    }
    --header.countersFree;
    return index;
}

void giveCounterSlot(const QuotaView& view, std::uint32_t index) {
    QuotaHeader& header = *view.header;
    view.counters[index].next = header.freeCounter;
    header.freeCounter = index;
    ++header.countersFree;
}

// --- holds ---

std::uint32_t holdBucketOf(const QuotaView& view, const JobId& job) {
    return static_cast<std::uint32_t>(randomWordOf(job)) & (view.holdBucketCount - 1);
}

void linkHold(const QuotaView& view, std::uint32_t index) {
    QuotaHoldSlot& hold = view.holds[index];
    std::uint32_t& bucket = view.holdBuckets[holdBucketOf(view, hold.job)];
    hold.next = bucket;
    EDGERUN_CRASH_POINT(quota_hold_half_linked);
    bucket = index;
}

void unlinkHold(const QuotaView& view, std::uint32_t index) {
    unlink(view, view.holds, view.holdCount, index,
           view.holdBuckets[holdBucketOf(view, view.holds[index].job)]);
}

std::uint32_t takeHoldSlot(const QuotaView& view) {
    QuotaHeader& header = *view.header;
    const std::uint32_t index =
        takeFree(view, view.holds, view.holdCount, header.freeHold, header.holdsTouched);
    EDGERUN_CRASH_POINT(quota_hold_slot_taken);
    header.holdsFree -= index == kNone ? 0 : 1;
    return index;
}

void giveHoldSlot(const QuotaView& view, std::uint32_t index) {
    QuotaHeader& header = *view.header;
    view.holds[index].next = header.freeHold;
    header.freeHold = index;
    EDGERUN_CRASH_POINT(quota_hold_slot_half_free);
    ++header.holdsFree;
}

}  // namespace edgerun::store
