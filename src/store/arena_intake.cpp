#include "arena_intake.h"

#include <optional>

#include "arena_blocks.h"
#include "arena_index.h"
#include "arena_slots.h"
#include "edgerun/store/crash_point.h"

namespace edgerun::store {

namespace {

/// False, with the slot given back, if the arena is damaged.
bool fillSlot(const ArenaView& view, std::uint32_t index, const Newcomer& job) {
    const std::optional<Chain> body = storeChain(view, index, job.body);
    const std::optional<Chain> request = body ? storeChain(view, index, job.request) : std::nullopt;
    if (!request) {
        freeChain(view, index, body.value_or(kEmptyChain));
        giveSlot(view, index);
        return false;
    }
    ArenaSlot& slot = view.slots[index];
    slot.current = 0;
    slot.id = job.id;
    slot.isWatched = 0;
    slot.owner = job.owner;
    slot.states[0] = job.state;
    slot.states[0].body = *body;
    slot.states[0].request = *request;
    slot.key = job.key;
    EDGERUN_CRASH_POINT(job_filled);
    storeInOrder(slot.inUse, kSlotInUse);
    EDGERUN_CRASH_POINT(job_published);
    return true;
}

void enlist(const ArenaView& view, std::uint32_t index, std::uint32_t mostSteps) {
    const JobState& state = currentState(view.slots[index]);
    linkSlot(view, index, mostSteps);
    EDGERUN_CRASH_POINT(job_linked);
    countJob(*view.header, state);
    if (!isLive(state)) {
        linkFinished(view, index);
    }
}

}  // namespace

std::uint32_t blocksOf(const Newcomer& job) {
    return blocksFor(job.request.size()) + blocksFor(job.body.size());
}

std::uint64_t blocksNeeded(const ArenaHeader& header, const Newcomer& job) {
    const std::uint32_t owed =
        owedBy(job.state, blocksFor(job.body.size()), blocksFor(job.request.size()));
    return std::uint64_t{blocksOf(job)} + kReservedBlocks + header.owed + owed;
}

std::uint32_t storeJob(const ArenaView& view, const Newcomer& job, std::uint32_t mostSteps) {
    const std::uint32_t index = takeSlot(view);
    if (index == kNone || !fillSlot(view, index, job)) {
        return kNone;
    }
    enlist(view, index, mostSteps);
    return index;
}

}  // namespace edgerun::store
