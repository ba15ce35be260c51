#include <algorithm>

#include "arena_blocks.h"
#include "arena_guard.h"
#include "arena_index.h"
#include "arena_layout.h"
#include "arena_slots.h"
#include "arena_workers.h"
#include "edgerun/store/crash_point.h"
#include "edgerun/store/job_arena.h"

/// What writes a job: accept() and commit().
namespace edgerun::store {

namespace {

struct NewJob {
    const JobId& id;
    const JobOwner& owner;
    JobState state;  ///< without its chains
    std::string_view request;
    std::string_view body;
};

/// Never 0, which means "not settled".
std::uint64_t expiryFrom(std::uint64_t now, std::uint64_t ttl) {
    const std::uint64_t expiry = now + ttl < now ? UINT64_MAX : now + ttl;
    return std::max<std::uint64_t>(expiry, 1);
}

/// What follows from the record's status and phase.
void settle(JobState& state, std::uint64_t now, std::uint64_t ttl) {
    if (isSettled(state) && state.expiresAt == 0) {
        state.expiresAt = expiryFrom(now, ttl);
    }
    if (!isOpen(state)) {
        state.request = kEmptyChain;
    }
    if (!isLive(state)) {
        state.worker = kNone;
        state.workerNonce = 0;
    }
}

/// False, with the slot given back, if the arena is damaged.
bool fillSlot(const ArenaView& view, std::uint32_t index, const NewJob& job) {
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
    slot.owner = job.owner;
    slot.states[0] = job.state;
    slot.states[0].body = *body;
    slot.states[0].request = *request;
    EDGERUN_CRASH_POINT(job_filled);
    publish(slot.inUse, kSlotInUse);
    EDGERUN_CRASH_POINT(job_published);
    return true;
}

void enlist(const ArenaView& view, std::uint32_t index) {
    const JobState& state = currentState(view.slots[index]);
    linkSlot(view, index);
    EDGERUN_CRASH_POINT(job_linked);
    countJob(*view.header, state);
    if (!isLive(state)) {
        appendFinished(view, index);
    }
    ++view.header->accepted;
}

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

/// Blocks that must be free before a new job is stored.
std::uint64_t blocksNeeded(const ArenaHeader& header, bool willBeOpen, std::uint32_t blocks) {
    const std::uint32_t owed = willBeOpen ? owedFor(blocks) : 0;
    return std::uint64_t{blocks} + kReservedBlocks + header.owed + owed;
}

/// Is there room beside what open jobs will need for their answers? Finished
/// jobs count as room.
bool hasAnswerRoom(const ArenaHeader& header, std::uint64_t blocks) {
    const std::uint64_t room = std::uint64_t{header.blocksFree} + header.finishedBlocks;
    return room >= blocks + std::uint64_t{kAnswerBlocks} * header.open;
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

/// Makes the spare state the current one, and frees what the former alone
/// referred to.
void replaceState(const ArenaView& view, std::uint32_t index) {
    ArenaSlot& slot = view.slots[index];
    const JobState& former = currentState(slot);
    const JobState& next = spareState(slot);
    EDGERUN_CRASH_POINT(state_written);
    flipState(slot);
    EDGERUN_CRASH_POINT(state_flipped);
    uncountJob(*view.header, former);
    countJob(*view.header, next);
    if (former.body.head != next.body.head) {
        freeChain(view, index, former.body);
    }
    EDGERUN_CRASH_POINT(former_body_free);
    if (former.request.head != next.request.head) {
        freeChain(view, index, former.request);
    }
    if (!isLive(next)) {
        appendFinished(view, index);
    }
}

}  // namespace

Accepted JobArena::accept(const WorkerPlace& place, const JobId& id, const JobOwner& owner,
                          const run::Record& record, std::string_view request,
                          std::string_view body, std::uint64_t now) {
    if (request.size() > limits_.maxRequest || body.size() > limits_.maxBody) {
        return {AcceptStatus::TooLarge, {}};
    }
    NewJob job{id, owner, {}, request, body};
    job.state = {kEmptyChain, 0, now, record, place.nonce, place.index, 1, kEmptyChain};
    settle(job.state, now, limits_.ttl);
    if (!isOpen(job.state)) {
        job.request = {};
    }
    const std::uint32_t blocks = blocksFor(job.request.size()) + blocksFor(body.size());
    if (std::uint64_t{blocks} + blocksFor(limits_.maxBody) > view_.blockCount) {
        return {AcceptStatus::TooLarge, {}};
    }

    ArenaGuard guard(*lock_, view_);
    if (!holdsPlace(view_, place)) {
        return {AcceptStatus::NoOwner, {}};
    }
    if (isOpen(job.state) && !record.threadId.empty() &&
        threadUse(view_, owner, record.threadId.view()) == ThreadUse::Busy) {
        return {AcceptStatus::ThreadBusy, {}};
    }
    guard.beginChange();
    const std::uint64_t needed = blocksNeeded(*view_.header, isOpen(job.state), blocks);
    const bool fits = hasAnswerRoom(*view_.header, needed) && makeRoom(view_, 1, needed);
    const std::uint32_t index = fits ? takeSlot(view_) : kNone;
    if (index == kNone || !fillSlot(view_, index, job)) {
        ++view_.header->refused;
        return {AcceptStatus::Full, {}};
    }
    enlist(view_, index);
    return {AcceptStatus::Accepted, {index, view_.slots[index].generation, job.state.fence}};
}

JobArena::Commit JobArena::commit(const JobRef& ref, const run::Record& record,
                                  std::optional<std::string_view> body, std::uint64_t now) {
    if (body && body->size() > limits_.maxBody) {
        return Commit::Full;
    }
    ArenaGuard guard(*lock_, view_);
    ArenaSlot* slot = ownedSlot(view_, ref);
    if (slot == nullptr || !mayFollow(currentState(*slot), record, body.has_value())) {
        return Commit::Lost;
    }
    guard.beginChange();
    const JobState& former = currentState(*slot);
    JobState& next = spareState(*slot);
    next = former;
    next.record = record;
    settle(next, now, limits_.ttl);
    EDGERUN_CRASH_POINT(state_copied);
    if (body) {
        const std::uint32_t blocks = blocksFor(body->size());
        const bool fits = makeRoom(view_, 0, blocksNeeded(*view_.header, former, next, blocks));
        const std::optional<Chain> chain = fits ? storeChain(view_, ref.slot, *body) : std::nullopt;
        if (!chain) {
            return Commit::Full;
        }
        next.body = *chain;
    }
    replaceState(view_, ref.slot);
    return Commit::Done;
}

}  // namespace edgerun::store
