#include "arena_repair.h"

#include <endian.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "arena_blocks.h"
#include "arena_index.h"
#include "arena_slots.h"
#include "edgerun/store/crash_point.h"

namespace edgerun::store {

namespace {

struct RankedSlot {
    std::uint64_t rank;
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
    header.continuing = 0;
    std::fill_n(view.reached, (view.blockCount + 63) / 64, 0);
    for (std::uint32_t index = 0; index < header.slotsTouched; ++index) {
        if (isWhole(view, index)) {
            countJob(header, currentState(view.slots[index]));
            continue;
        }
        storeInOrder<std::uint32_t>(view.slots[index].inUse, 0);
        EDGERUN_CRASH_POINT(repair_slot_dropped);
        giveSlot(view, index);
    }
}

/// Its time, and some random bits: enough for almost all pairs.
std::uint64_t beginningOf(const JobId& id) {
    std::uint64_t word;
    std::memcpy(&word, id.data(), sizeof(word));
    return be64toh(word);
}

/// Calls `visit` for the jobs that `isWanted`, in the order of their `rankOf` and their ids, or of
/// their slots when there is no memory to sort in.
template <typename IsWanted, typename RankOf, typename Visit>
void visitInOrder(const ArenaView& view, IsWanted isWanted, RankOf rankOf, Visit visit) {
    const std::uint32_t touched = view.header->slotsTouched;
    const std::unique_ptr<RankedSlot[]> order(new (std::nothrow) RankedSlot[touched]);
    std::uint32_t count = 0;
    for (std::uint32_t index = 0; index < touched; ++index) {
        const ArenaSlot& slot = view.slots[index];
        if (slot.inUse != kSlotInUse || !isWanted(slot)) {
            continue;
        }
        if (order == nullptr) {
            visit(index);
        } else {
            order[count++] = {rankOf(slot), index};
        }
    }
    std::sort(order.get(), order.get() + count, [&view](const RankedSlot& a, const RankedSlot& b) {
        return a.rank != b.rank ? a.rank < b.rank : view.slots[a.index].id < view.slots[b.index].id;
    });
    for (std::uint32_t place = 0; place < count; ++place) {
        visit(order[place].index);
    }
}

void rebuildLists(const ArenaView& view) {
    clearIndex(view);
    visitInOrder(
        view, [](const ArenaSlot&) { return true; },
        [](const ArenaSlot& slot) { return beginningOf(slot.id); },
        [&view](std::uint32_t index) {
            linkSlot(view, index, kStepsOfNewJob);
            EDGERUN_CRASH_POINT(repair_slot_linked);
        });
    visitInOrder(
        view, [](const ArenaSlot& slot) { return !isLive(currentState(slot)); },
        [](const ArenaSlot& slot) { return currentState(slot).expiresAt; },
        [&view](std::uint32_t index) { linkFinished(view, index); });
}

}  // namespace

void repairArena(const ArenaView& view) noexcept {
    ArenaHeader& header = *view.header;
    storeInOrder<std::uint32_t>(header.mutating, kChanging);
    sortOutSlots(view);
    EDGERUN_CRASH_POINT(repair_slots_sorted_out);
    freeUnreachedBlocks(view);
    EDGERUN_CRASH_POINT(repair_blocks_free);
    rebuildLists(view);
    // Whatever was changing may have been an owner's leave, or what somebody waits for.
    ++header.orphanEpoch;
    ++header.signalsDue;
    ++header.repairs;
    storeInOrder<std::uint32_t>(header.mutating, kConsistent);
}

}  // namespace edgerun::store
