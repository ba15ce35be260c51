#include <algorithm>
#include <optional>

#include "arena_blocks.h"
#include "arena_guard.h"
#include "arena_index.h"
#include "arena_layout.h"
#include "arena_live.h"
#include "arena_slots.h"
#include "arena_workers.h"
#include "edgerun/store/crash_point.h"
#include "edgerun/store/job_arena.h"

/// What a job's worker writes: commit().
namespace edgerun::store {

namespace {

int rankOf(run::JobStatus status) {
    switch (status) {
        case run::JobStatus::Pending:
            return 0;
        case run::JobStatus::Running:
        case run::JobStatus::RequiresAction:
            return 1;
        case run::JobStatus::Completed:
        case run::JobStatus::Failed:
        case run::JobStatus::Cancelled:
            return 2;
    }
    return 0;
}

/// Statuses never move back; a final one is there to stay, with its body.
bool mayFollow(const JobState& state, const run::Record& record, bool hasBody) {
    if (run::isFinal(state.record.status)) {
        return record.status == state.record.status && !hasBody;
    }
    return rankOf(record.status) >= rankOf(state.record.status);
}

/// Blocks that must be free before a body of so many is written: for itself
/// while the old one still stands, and afterwards to keep the reserve.
std::uint64_t blocksNeeded(const ArenaHeader& header, const JobState& before, const JobState& after,
                           std::uint32_t body) {
    const std::uint32_t request = blocksFor(after.request.length);
    const std::uint64_t freed = blocksOf(before) - request;
    std::uint64_t owed = header.owed;
    owed -= isOpen(before) ? owedFor(blocksOf(before)) : 0;
    owed += isOpen(after) ? owedFor(body + request) : 0;
    const std::uint64_t later = body + kReservedBlocks + owed;
    return std::max<std::uint64_t>(body, later > freed ? later - freed : 0);
}

/// Frees what the former state alone referred to.
void freeFormer(const ArenaView& view, std::uint32_t index, const JobState& former,
                const JobState& next) {
    if (former.body.head != next.body.head) {
        freeChain(view, index, former.body);
    }
    EDGERUN_CRASH_POINT(former_body_free);
    if (former.request.head != next.request.head) {
        freeChain(view, index, former.request);
    }
}

/// Does the job's owner see something else?
bool isNews(const JobState& former, const JobState& next) {
    return former.body.head != next.body.head || former.isHidden ||
           former.record.erased != next.record.erased;
}

/// Makes the spare state of a live job the current one.
void replaceState(const ArenaView& view, ArenaSlot& slot) {
    const std::uint32_t index = indexOf(view, slot);
    const JobState& former = currentState(slot);
    const JobState& next = spareState(slot);
    EDGERUN_CRASH_POINT(state_written);
    if (isNews(former, next)) {
        // First: who sees it takes the lock to see more, and so meets the new state.
        noteChange(view, slot);
    }
    view.header->accepted += former.isHidden ? 1 : 0;
    flipState(slot);
    EDGERUN_CRASH_POINT(state_flipped);
    uncountJob(*view.header, former);
    countJob(*view.header, next);
    freeFormer(view, index, former, next);
    if (next.record.erased && !former.record.erased && slot.key.isSet()) {
        unlinkKey(view, index);
        EDGERUN_CRASH_POINT(key_unlinked);
    }
    if (!isLive(next)) {
        unlinkLive(view, index, former);
        EDGERUN_CRASH_POINT(job_unlinked_as_live);
        linkFinished(view, index);
    } else if (isOpen(former) && !isOpen(next)) {
        closeLive(view, index);
    }
}

/// The state after a commit, but for a new body.
void prepareNext(JobState& next, const JobState& former, const run::Record& record) {
    next = former;
    ++next.revision;
    next.isHidden = false;
    next.record = record;
    if (former.record.erased || record.erased) {
        next.record.erased = true;
        next.body = kEmptyChain;
    }
}

/// False if there is no room.
bool storeBody(const ArenaView& view, ArenaSlot& slot, std::string_view body) {
    JobState& next = spareState(slot);
    const std::uint32_t blocks = blocksFor(body.size());
    const std::uint64_t needed = blocksNeeded(*view.header, currentState(slot), next, blocks);
    const std::optional<Chain> chain =
        makeRoom(view, 0, needed) ? storeChain(view, indexOf(view, slot), body) : std::nullopt;
    next.body = chain.value_or(kEmptyChain);
    return chain.has_value();
}

}  // namespace

JobArena::Commit JobArena::commit(const JobRef& ref, const run::Record& record,
                                  std::optional<std::string_view> body, std::uint64_t now) {
    if (body && body->size() > limits_.maxBody) {
        return Commit::Full;
    }
    ArenaGuard guard(*lock_, view_, signal_);
    ArenaSlot* slot = ownedSlot(view_, ref);
    if (slot == nullptr) {
        return Commit::Lost;
    }
    const bool isErased = record.erased || currentState(*slot).record.erased;
    const bool hasBody = body.has_value() && !isErased;
    if (!mayFollow(currentState(*slot), record, hasBody)) {
        return Commit::Lost;
    }
    guard.beginChange();
    if (isErased && record.phase == run::Phase::Done) {
        removeJob(view_, *slot);
        return Commit::Done;
    }
    prepareNext(spareState(*slot), currentState(*slot), record);
    settle(spareState(*slot), now, limits_.ttl);
    EDGERUN_CRASH_POINT(state_copied);
    if (hasBody && !storeBody(view_, *slot, *body)) {
        return Commit::Full;
    }
    replaceState(view_, *slot);
    return Commit::Done;
}

}  // namespace edgerun::store
