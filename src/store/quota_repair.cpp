#include "quota_repair.h"

#include <algorithm>

#include "edgerun/store/crash_point.h"
#include "quota_change.h"
#include "quota_index.h"

namespace edgerun::store {

namespace {

void sortOutCounters(const QuotaView& view) {
    QuotaHeader& header = *view.header;
    header.countersTouched = std::min(header.countersTouched, view.counterCount);
    for (std::uint32_t index = 0; index < header.countersTouched; ++index) {
        QuotaCounterSlot& counter = view.counters[index];
        counter.reserved = 0;
        counter.holds = 0;
        if (!isSound(counter)) {
            storeInOrder<std::uint64_t>(counter.sequence, 0);
            EDGERUN_CRASH_POINT(quota_repair_counter_free);
            counter.next = header.freeCounter;
            header.freeCounter = index;
            continue;
        }
        --header.countersFree;
        header.sequence = std::max(header.sequence, counter.sequence);
        linkCounter(view, index);
    }
}

void linkSound(const QuotaView& view, std::uint32_t index) {
    QuotaHeader& header = *view.header;
    const QuotaHoldSlot& hold = view.holds[index];
    --header.holdsFree;
    header.sequence = std::max(header.sequence, hold.sequence);
    linkHold(view, index);
    ++view.counters[hold.counter].holds;
}

void sortOutHolds(const QuotaView& view) {
    QuotaHeader& header = *view.header;
    header.holdsTouched = std::min(header.holdsTouched, view.holdCount);
    for (std::uint32_t index = 0; index < header.holdsTouched; ++index) {
        QuotaHoldSlot& hold = view.holds[index];
        if (isSound(view, hold)) {
            linkSound(view, index);
            continue;
        }
        storeInOrder<std::uint64_t>(hold.sequence, 0);
        EDGERUN_CRASH_POINT(quota_repair_hold_free);
        hold.next = header.freeHold;
        header.freeHold = index;
    }
}

}  // namespace

void countReserved(const QuotaView& view) noexcept {
    QuotaHeader& header = *view.header;
    const std::uint32_t counters = std::min(header.countersTouched, view.counterCount);
    const std::uint32_t holds = std::min(header.holdsTouched, view.holdCount);
    for (std::uint32_t index = 0; index < counters; ++index) {
        view.counters[index].reserved = 0;
    }
    for (std::uint32_t index = 0; index < holds; ++index) {
        const QuotaHoldSlot& hold = view.holds[index];
        if (isSound(view, hold) && isSettled(hold)) {
            QuotaCounterSlot& counter = view.counters[hold.counter];
            counter.reserved += isCurrent(hold, counter) ? hold.amount : 0;
        }
    }
    storeInOrder<std::uint32_t>(header.isReservedStale, 0);
}

void repairQuotas(const QuotaView& view) noexcept {
    QuotaHeader& header = *view.header;
    storeInOrder<std::uint32_t>(header.mutating, kChanging);
    finishNotedChange(view);
    header.sequence = std::clamp(header.sequence, kNoRecord, kMostSequence);
    header.forgottenUntil = std::min(header.forgottenUntil, kLastMoment);
    clearIndex(view);
    sortOutCounters(view);
    EDGERUN_CRASH_POINT(quota_repair_counters_sorted_out);
    sortOutHolds(view);
    EDGERUN_CRASH_POINT(quota_repair_holds_sorted_out);
    countReserved(view);
    ++header.repairs;
    storeInOrder<std::uint32_t>(header.mutating, kConsistent);
}

}  // namespace edgerun::store
