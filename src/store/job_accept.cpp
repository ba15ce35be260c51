#include <cstring>

#include "arena_blocks.h"
#include "arena_guard.h"
#include "arena_index.h"
#include "arena_intake.h"
#include "arena_layout.h"
#include "arena_live.h"
#include "arena_slots.h"
#include "arena_threads.h"
#include "arena_workers.h"
#include "edgerun/store/crash_point.h"
#include "edgerun/store/job_arena.h"

/// How new jobs come in: accept(), publish(), withdraw(), and the keys by which they are known.
namespace edgerun::store {

namespace {

Newcomer newcomerOf(const WorkerPlace& place, const NewJob& job, std::uint64_t now,
                    std::uint64_t ttl) {
    Newcomer newcomer{job.id, job.owner, job.key, {}, job.request, job.body};
    JobState& state = newcomer.state;
    state.body = state.request = kEmptyChain;
    state.acceptedAt = now;
    state.isHidden = job.isHidden;
    state.record = job.record;
    state.workerNonce = place.nonce;
    state.worker = place.index;
    state.fence = 1;
    settle(state, now, ttl);
    if (!keepsRequest(state)) {
        newcomer.request = {};
    }
    return newcomer;
}

std::optional<KnownJob> findKnown(const ArenaView& view, const IdempotencyKey& key,
                                  std::uint64_t now) {
    const std::uint32_t index = findSlot(view, key, now);
    const ArenaSlot* slot = index == kNone ? nullptr : soundSlot(view, index);
    if (slot == nullptr) {
        return std::nullopt;
    }
    return KnownJob{slot->id, slot->key.fingerprint == key.fingerprint,
                    currentState(*slot).isHidden};
}

/// Two keys may have the same: then one waits for the other for a moment, and no more.
std::uint64_t claimOf(const IdempotencyKey& key) {
    std::uint64_t claim = 0;
    std::memcpy(&claim, key.digest.data(), sizeof(claim));
    return claim;
}

bool isClaimedByAnother(const ArenaView& view, const WorkerPlace& place, std::uint64_t claim) {
    for (const WorkerEntry& entry : view.header->workers) {
        if (entry.isTaken == 1 && entry.claimedKey == claim && entry.nonce != place.nonce) {
            return true;
        }
    }
    return false;
}

/// Is there something about its owner's other jobs that forbids this one?
std::optional<Accepted> objectionTo(const ArenaView& view, const NewJob& job, bool willBeOpen,
                                    std::uint64_t now) {
    if (const auto known = findKnown(view, job.key, now)) {
        return Accepted{AcceptStatus::KnownKey, {}, *known};
    }
    if (willBeOpen && job.maxRunning != 0 && openJobsOf(view, job.owner) >= job.maxRunning) {
        return Accepted{AcceptStatus::TooManyRunning, {}, {}};
    }
    const std::string_view threadId = job.record.threadId.view();
    if (!threadId.empty() && lookAtThread(view, job.owner, threadId).isGone) {
        return Accepted{AcceptStatus::ThreadGone, {}, {}};
    }
    return std::nullopt;
}

/// Is there room beside what open jobs will need for their answers? Finished
/// jobs count as room.
bool hasAnswerRoom(const ArenaHeader& header, std::uint64_t blocks) {
    const std::uint64_t room = std::uint64_t{header.blocksFree} + header.finishedBlocks;
    return room >= blocks + std::uint64_t{kAnswerBlocks} * header.open;
}

}  // namespace

Accepted JobArena::accept(const WorkerPlace& place, const NewJob& job, std::uint64_t now) {
    const Newcomer newcomer = newcomerOf(place, job, now, limits_.ttl);
    if (job.request.size() > limits_.maxRequest || job.body.size() > limits_.maxBody ||
        std::uint64_t{blocksOf(newcomer)} + blocksFor(limits_.maxBody) > view_.blockCount) {
        return {AcceptStatus::TooLarge, {}, {}};
    }

    ArenaGuard guard(*lock_, view_, signal_);
    if (!holdsPlace(view_, place)) {
        return {AcceptStatus::NoOwner, {}, {}};
    }
    if (const auto objection = objectionTo(view_, job, isOpen(newcomer.state), now)) {
        return *objection;
    }
    guard.beginChange();
    const std::uint64_t needed = blocksNeeded(*view_.header, newcomer);
    const bool fits = hasAnswerRoom(*view_.header, needed) && makeRoom(view_, 1, needed);
    const std::uint32_t index = fits ? storeJob(view_, newcomer, kStepsOfNewJob) : kNone;
    if (index == kNone) {
        ++view_.header->refused;
        return {AcceptStatus::Full, {}, {}};
    }
    view_.header->accepted += job.isHidden ? 0 : 1;
    return {
        AcceptStatus::Accepted, {index, view_.slots[index].generation, newcomer.state.fence}, {}};
}

bool JobArena::publish(const JobRef& ref) {
    ArenaGuard guard(*lock_, view_, signal_);
    ArenaSlot* slot = ownedSlot(view_, ref);
    if (slot == nullptr) {
        return false;
    }
    if (currentState(*slot).isHidden) {
        guard.beginChange();
        storeInOrder(slot->states[slot->current & 1].isHidden, false);
        EDGERUN_CRASH_POINT(job_shown);
        ++view_.header->accepted;
        noteChange(view_, *slot);
    }
    return true;
}

bool JobArena::withdraw(const JobRef& ref) {
    ArenaGuard guard(*lock_, view_, signal_);
    ArenaSlot* slot = ownedSlot(view_, ref);
    if (slot == nullptr || !currentState(*slot).isHidden) {
        return false;
    }
    guard.beginChange();
    removeJob(view_, *slot);
    return true;
}

std::optional<KnownJob> JobArena::findKey(const IdempotencyKey& key, std::uint64_t now) {
    ArenaGuard guard(*lock_, view_, signal_);
    return findKnown(view_, key, now);
}

std::optional<KnownJob> JobArena::claimKey(const WorkerPlace& place, const IdempotencyKey& key,
                                           std::uint64_t now) {
    const std::uint64_t claim = claimOf(key);
    ArenaGuard guard(*lock_, view_, signal_);
    if (const auto known = findKnown(view_, key, now)) {
        return known;
    }
    if (isClaimedByAnother(view_, place, claim)) {
        KnownJob coming;
        coming.isClaimed = true;
        return coming;
    }
    if (holdsPlace(view_, place)) {
        storeInOrder(view_.header->workers[place.index].claimedKey, claim);
    }
    return std::nullopt;
}

void JobArena::releaseKey(const WorkerPlace& place) {
    ArenaGuard guard(*lock_, view_, signal_);
    if (holdsPlace(view_, place)) {
        storeInOrder<std::uint64_t>(view_.header->workers[place.index].claimedKey, 0);
    }
}

}  // namespace edgerun::store
