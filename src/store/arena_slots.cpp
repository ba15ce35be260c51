#include "arena_slots.h"

#include <cstring>

#include "arena_blocks.h"
#include "arena_index.h"
#include "edgerun/store/crash_point.h"

namespace edgerun::store {

namespace {

/// Reading any other byte as a bool would be undefined.
bool holdsBool(const bool& value) {
    std::uint8_t byte;
    std::memcpy(&byte, &value, sizeof(byte));
    return byte <= 1;
}

bool isPlausible(const ArenaView& view, const Chain& chain) {
    return chain.length <= view.maxChain &&
           (chain.length == 0 ? chain.head == kNone : chain.head < view.blockCount);
}

bool isPlausible(const run::Record& record) {
    return record.phase <= run::Phase::Done && record.status <= run::JobStatus::Cancelled &&
           holdsBool(record.ownsThread) && holdsBool(record.queryCut) &&
           holdsBool(record.oddStatusNoted) && holdsBool(record.erased) &&
           record.guarantee <= run::StartGuarantee::AtLeastOnce;
}

}  // namespace

std::uint32_t blocksOf(const JobState& state) {
    return blocksFor(state.body.length) + blocksFor(state.request.length);
}

bool isPlausible(const ArenaView& view, const JobState& state) {
    return isPlausible(state.record) && isPlausible(view, state.body) &&
           isPlausible(view, state.request) && isSettled(state) == (state.expiresAt != 0);
}

ArenaSlot* soundSlot(const ArenaView& view, std::uint32_t index) {
    if (index >= view.slotCount || view.slots[index].inUse != kSlotInUse ||
        !isPlausible(view, currentState(view.slots[index]))) {
        reportDamage(view);
        return nullptr;
    }
    return &view.slots[index];
}

std::uint32_t takeSlot(const ArenaView& view) {
    ArenaHeader& header = *view.header;
    std::uint32_t index = header.freeSlot;
    if (index == kNone) {
        index = header.slotsTouched;
        if (index >= view.slotCount) {
            reportDamage(view);
            return kNone;
        }
        // A repair looks at touched slots only: this one must be out of use by then.
        view.slots[index].inUse = 0;
        publish(header.slotsTouched, index + 1);
    } else {
        if (index >= view.slotCount || view.slots[index].inUse == kSlotInUse) {
            reportDamage(view);
            return kNone;
        }
        header.freeSlot = view.slots[index].freeNext;
    }
    EDGERUN_CRASH_POINT(slot_unlinked);
    --header.slotsFree;
    ++view.slots[index].generation;
    return index;
}

void giveSlot(const ArenaView& view, std::uint32_t index) {
    ArenaHeader& header = *view.header;
    view.slots[index].freeNext = header.freeSlot;
    header.freeSlot = index;
    EDGERUN_CRASH_POINT(slot_half_free);
    ++header.slotsFree;
}

void countJob(ArenaHeader& header, const JobState& state) {
    header.open += isOpen(state) ? 1 : 0;
    header.owed += isOpen(state) ? owedFor(blocksOf(state)) : 0;
    header.live += isLive(state) ? 1 : 0;
    header.finished += isLive(state) ? 0 : 1;
    header.finishedBlocks += isLive(state) ? 0 : blocksOf(state);
}

void uncountJob(ArenaHeader& header, const JobState& state) {
    header.open -= isOpen(state) ? 1 : 0;
    header.owed -= isOpen(state) ? owedFor(blocksOf(state)) : 0;
    header.live -= isLive(state) ? 1 : 0;
    header.finished -= isLive(state) ? 0 : 1;
    header.finishedBlocks -= isLive(state) ? 0 : blocksOf(state);
}

bool removeFinished(const ArenaView& view, std::uint32_t index) {
    ArenaSlot* slot = soundSlot(view, index);
    if (slot == nullptr) {
        return false;
    }
    const JobState& state = currentState(*slot);
    if (isLive(state)) {
        reportDamage(view);
        return false;
    }
    // From here on the job is gone: a repair gives back what is left of it.
    publish<std::uint32_t>(slot->inUse, 0);
    EDGERUN_CRASH_POINT(job_unpublished);
    unlinkFinished(view, index);
    unlinkSlot(view, index);
    uncountJob(*view.header, state);
    freeChain(view, index, state.body);
    freeChain(view, index, state.request);
    EDGERUN_CRASH_POINT(job_chains_free);
    giveSlot(view, index);
    return true;
}

bool makeRoom(const ArenaView& view, std::uint32_t slots, std::uint64_t blocks) {
    ArenaHeader& header = *view.header;
    if (std::uint64_t{header.slotsFree} + header.finished < slots ||
        std::uint64_t{header.blocksFree} + header.finishedBlocks < blocks) {
        return false;
    }
    while (header.slotsFree < slots || header.blocksFree < blocks) {
        if (!removeFinished(view, header.finishedHead)) {
            return false;
        }
        ++header.evicted;
        EDGERUN_CRASH_POINT(job_evicted);
    }
    return true;
}

}  // namespace edgerun::store
