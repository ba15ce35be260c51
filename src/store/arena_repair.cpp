#include "arena_repair.h"

#include <algorithm>
#include <memory>
#include <new>

#include "arena_blocks.h"
#include "arena_index.h"
#include "arena_slots.h"
#include "edgerun/store/crash_point.h"

namespace edgerun::store {

namespace {

struct TimedSlot {
    std::uint64_t time;
    std::uint32_t index;
};

bool claimChains(const ArenaView& view, std::uint32_t index, const JobState& state) {
    if (!claimChain(view, index, state.body)) {
        return false;
    }
    if (!claimChain(view, index, state.request)) {
        disclaimChain(view, state.body);
        return false;
    }
    return true;
}

bool isWhole(const ArenaView& view, std::uint32_t index) {
    const ArenaSlot& slot = view.slots[index];
    return slot.inUse == kSlotInUse && isPlausible(view, currentState(slot)) &&
           claimChains(view, index, currentState(slot));
}

/// Leaves in use only what is whole, and all else free.
void sortOutSlots(const ArenaView& view) {
    ArenaHeader& header = *view.header;
    header.slotsTouched = std::min(header.slotsTouched, view.slotCount);
    header.slotsFree = view.slotCount - header.slotsTouched;
    header.freeSlot = kNone;
    header.open = header.owed = header.live = header.finished = header.finishedBlocks = 0;
    std::fill_n(view.reached, (view.blockCount + 63) / 64, 0);
    for (std::uint32_t index = 0; index < header.slotsTouched; ++index) {
        if (isWhole(view, index)) {
            countJob(header, currentState(view.slots[index]));
            continue;
        }
        publish<std::uint32_t>(view.slots[index].inUse, 0);
        EDGERUN_CRASH_POINT(repair_slot_dropped);
        giveSlot(view, index);
    }
}

/// Calls `visit` for the jobs that `isWanted`, in the order of their `timeOf`,
/// or of their slots when there is no memory to sort in.
template <typename IsWanted, typename TimeOf, typename Visit>
void visitByTime(const ArenaView& view, IsWanted isWanted, TimeOf timeOf, Visit visit) {
    const std::uint32_t touched = view.header->slotsTouched;
    const std::unique_ptr<TimedSlot[]> order(new (std::nothrow) TimedSlot[touched]);
    std::uint32_t count = 0;
    for (std::uint32_t index = 0; index < touched; ++index) {
        const ArenaSlot& slot = view.slots[index];
        if (slot.inUse != kSlotInUse || !isWanted(currentState(slot))) {
            continue;
        }
        if (order == nullptr) {
            visit(index);
        } else {
            order[count++] = {timeOf(currentState(slot)), index};
        }
    }
    std::sort(order.get(), order.get() + count, [](const TimedSlot& a, const TimedSlot& b) {
        return a.time != b.time ? a.time < b.time : a.index < b.index;
    });
    for (std::uint32_t place = 0; place < count; ++place) {
        visit(order[place].index);
    }
}

void rebuildLists(const ArenaView& view) {
    clearIndex(view);
    visitByTime(
        view, [](const JobState&) { return true; },
        [](const JobState& state) { return state.acceptedAt; },
        [&view](std::uint32_t index) {
            linkSlot(view, index);
            EDGERUN_CRASH_POINT(repair_slot_linked);
        });
    visitByTime(
        view, [](const JobState& state) { return !isLive(state); },
        [](const JobState& state) { return state.expiresAt; },
        [&view](std::uint32_t index) { appendFinished(view, index); });
}

}  // namespace

void repairArena(const ArenaView& view) noexcept {
    ArenaHeader& header = *view.header;
    publish<std::uint32_t>(header.mutating, kChanging);
    sortOutSlots(view);
    EDGERUN_CRASH_POINT(repair_slots_sorted_out);
    freeUnreachedBlocks(view);
    EDGERUN_CRASH_POINT(repair_blocks_free);
    rebuildLists(view);
    // Whatever was changing may have been an owner's leave.
    ++header.orphanEpoch;
    ++header.repairs;
    publish<std::uint32_t>(header.mutating, kConsistent);
}

}  // namespace edgerun::store
