#include "arena_slots.h"

#include <algorithm>
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

/// Never 0, which means "not settled".
std::uint64_t expiryFrom(std::uint64_t now, std::uint64_t ttl) {
    const std::uint64_t expiry = now + ttl < now ? UINT64_MAX : now + ttl;
    return std::max<std::uint64_t>(expiry, 1);
}

}  // namespace

bool isPlausible(const run::Record& record) {
    return record.phase <= run::kLastPhase && record.status <= run::JobStatus::Cancelled &&
           holdsBool(record.ownsThread) && holdsBool(record.queryCut) &&
           holdsBool(record.oddStatusNoted) && holdsBool(record.erased) &&
           record.guarantee <= run::StartGuarantee::AtLeastOnce && holdsBool(record.keepsRequest) &&
           holdsBool(record.isThreadGone) && holdsBool(record.isForeground) &&
           holdsBool(record.isAssistantNew) && holdsBool(record.hadNoRun);
}

void settle(JobState& state, std::uint64_t now, std::uint64_t ttl) {
    if (isSettled(state) && state.expiresAt == 0) {
        state.expiresAt = expiryFrom(now, ttl);
    }
    if (!keepsRequest(state)) {
        state.request = kEmptyChain;
    }
    if (!isLive(state)) {
        state.worker = kNone;
        state.workerNonce = 0;
    }
}

std::uint32_t blocksOf(const JobState& state) {
    return blocksFor(state.body.length) + blocksFor(state.request.length);
}

std::uint32_t owedBy(const JobState& state, std::uint32_t body, std::uint32_t request) {
    const std::uint32_t returned = body + (state.record.keepsRequest ? 0 : request);
    return isOpen(state) && returned < kReservedBlocks ? kReservedBlocks - returned : 0;
}

std::uint32_t owedBy(const JobState& state) {
    return owedBy(state, blocksFor(state.body.length), blocksFor(state.request.length));
}

bool isPlausible(const ArenaView& view, const JobState& state) {
    return isPlausible(state.record) && holdsBool(state.isHidden) && holdsBool(state.hasTurn) &&
           state.threadEnd <= ThreadEnd::Deleted && isPlausible(view, state.body) &&
           isPlausible(view, state.request) &&
           (state.stepsAt == 0 || state.stepsAt < state.body.length) &&
           isSettled(state) == (state.expiresAt != 0);
}

ArenaSlot* soundSlot(const ArenaView& view, std::uint32_t index) {
    if (index >= view.slotCount || view.slots[index].inUse != kSlotInUse ||
        !isPlausible(view, currentState(view.slots[index]))) {
        reportDamage(view);
        return nullptr;
    }
    return &view.slots[index];
}

ArenaSlot* findJob(const ArenaView& view, const JobId& id, const JobOwner& owner) {
    const std::uint32_t index = findSlot(view, id);
    ArenaSlot* slot = index == kNone ? nullptr : soundSlot(view, index);
    return slot != nullptr && isOwnedBy(*slot, owner) ? slot : nullptr;
}

void noteChange(const ArenaView& view, ArenaSlot& slot) {
    storeInOrder(slot.changes, slot.changes + 1);
    EDGERUN_CRASH_POINT(change_noted);
    if (slot.isWatched == 1) {
        ++view.header->signalsDue;
        EDGERUN_CRASH_POINT(signal_due);
        storeInOrder<std::uint8_t>(slot.isWatched, 0);
    }
}

JobWatch watchSlot(const ArenaView& view, ArenaSlot& slot) {
    slot.isWatched = 1;
    return {indexOf(view, slot), slot.generation, slot.changes};
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
        storeInOrder(header.slotsTouched, index + 1);
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
    header.owed += owedBy(state);
    header.live += isLive(state) ? 1 : 0;
    header.finished += isLive(state) ? 0 : 1;
    header.finishedBlocks += isLive(state) ? 0 : blocksOf(state);
    header.continuing += isLive(state) && continuesThread(state) ? 1 : 0;
}

void uncountJob(ArenaHeader& header, const JobState& state) {
    header.open -= isOpen(state) ? 1 : 0;
    header.owed -= owedBy(state);
    header.live -= isLive(state) ? 1 : 0;
    header.finished -= isLive(state) ? 0 : 1;
    header.finishedBlocks -= isLive(state) ? 0 : blocksOf(state);
    header.continuing -= isLive(state) && continuesThread(state) ? 1 : 0;
}

void removeJob(const ArenaView& view, ArenaSlot& slot) {
    const std::uint32_t index = indexOf(view, slot);
    const JobState& state = currentState(slot);
    // From here on the job is gone: a repair gives back what is left of it.
    storeInOrder<std::uint32_t>(slot.inUse, 0);
    EDGERUN_CRASH_POINT(job_unpublished);
    noteChange(view, slot);
    unlinkSlot(view, index);
    uncountJob(*view.header, state);
    freeChain(view, index, state.body);
    freeChain(view, index, state.request);
    EDGERUN_CRASH_POINT(job_chains_free);
    giveSlot(view, index);
}

bool removeFinished(const ArenaView& view, std::uint32_t index) {
    ArenaSlot* slot = soundSlot(view, index);
    if (slot == nullptr) {
        return false;
    }
    if (isLive(currentState(*slot))) {
        reportDamage(view);
        return false;
    }
    removeJob(view, *slot);
    return true;
}

bool makeRoom(const ArenaView& view, std::uint32_t slots, std::uint64_t blocks,
              std::uint64_t latest) {
    ArenaHeader& header = *view.header;
    if (std::uint64_t{header.slotsFree} + header.finished < slots ||
        std::uint64_t{header.blocksFree} + header.finishedBlocks < blocks) {
        return false;
    }
    while (header.slotsFree < slots || header.blocksFree < blocks) {
        const std::uint32_t oldest = header.finishedHead;
        const bool mayGo = latest == UINT64_MAX || !isSlotInUse(view, oldest) ||
                           currentState(view.slots[oldest]).expiresAt <= latest;
        if (!mayGo || !removeFinished(view, oldest)) {
            return false;
        }
        ++header.evicted;
        EDGERUN_CRASH_POINT(job_evicted);
    }
    return true;
}

}  // namespace edgerun::store
