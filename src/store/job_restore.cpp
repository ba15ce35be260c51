#include <algorithm>
#include <optional>
#include <utility>

#include "arena_copies.h"
#include "arena_guard.h"
#include "arena_index.h"
#include "arena_intake.h"
#include "arena_layout.h"
#include "arena_slots.h"
#include "arena_workers.h"
#include "edgerun/store/crash_point.h"
#include "edgerun/store/job_arena.h"

/// Between the arena and a journal: jobs that come back, and jobs as a whole.
namespace edgerun::store {

namespace {

struct Sizes {
    std::size_t request = 0;
    std::size_t body = 0;
};

Newcomer newcomerOf(const JobSnapshot& job, std::uint64_t acceptedAt, std::uint64_t expiresAt) {
    Newcomer newcomer{job.id, job.owner, job.key, {}, job.request, job.body};
    JobState& state = newcomer.state;
    state.body = state.request = kEmptyChain;
    state.acceptedAt = acceptedAt;
    state.revision = job.revision;
    state.record = job.record;
    state.worker = kNone;
    state.fence = job.fence;
    if (isSettled(state)) {
        state.expiresAt = std::max<std::uint64_t>(expiresAt, 1);
    }
    if (!keepsRequest(state)) {
        newcomer.request = {};
    }
    if (job.record.erased) {
        newcomer.body = {};
    }
    state.stepsAt = stepsIn(newcomer.body, job.stepsAt);
    return newcomer;
}

/// A job of which nothing is left to do or to see.
bool isNothing(const JobState& state) {
    return state.record.erased && !isLive(state);
}

/// False, with both sizes told, if one of the strings is too short.
bool copyStrings(const ArenaView& view, const ArenaSlot& slot, JobSnapshot& job, Sizes& sizes) {
    const JobState& state = currentState(slot);
    const bool hasRequest = copyInto(job.request, sizes.request, view, slot, state.request);
    return copyInto(job.body, sizes.body, view, slot, state.body) && hasRequest;
}

void copyFields(const ArenaSlot& slot, JobSnapshot& job) {
    const JobState& state = currentState(slot);
    job.id = slot.id;
    job.owner = slot.owner;
    job.key = slot.key;
    job.fence = state.fence;
    job.revision = state.revision;
    job.record = state.record;
    job.stepsAt = state.stepsAt;
}

/// `find` gives a sound slot or null, and is called under the lock.
template <typename Find>
std::optional<JobSnapshot> copyJob(SharedLock& lock, const ArenaView& view, ChangeSignal* signal,
                                   Find find) {
    JobSnapshot job;
    Sizes sizes;
    while (true) {
        job.request.resize(sizes.request);
        job.body.resize(sizes.body);

        ArenaGuard guard(lock, view, signal);
        const ArenaSlot* slot = find();
        if (slot == nullptr) {
            return std::nullopt;
        }
        if (copyStrings(view, *slot, job, sizes)) {
            copyFields(*slot, job);
            return std::optional(std::move(job));
        }
    }
}

}  // namespace

JobArena::Loading JobArena::loading() const noexcept {
    const std::uint32_t value = __atomic_load_n(&view_.header->loading, __ATOMIC_ACQUIRE);
    return static_cast<Loading>(std::min(value, static_cast<std::uint32_t>(Loading::Whole)));
}

void JobArena::setLoading(Loading loading) noexcept {
    __atomic_store_n(&view_.header->loading, static_cast<std::uint32_t>(loading), __ATOMIC_RELEASE);
}

Restored JobArena::restore(const JobSnapshot& job, std::uint64_t acceptedAt,
                           std::uint64_t expiresAt) {
    if (!isPlausible(job.record)) {
        return Restored::Full;
    }
    const Newcomer newcomer = newcomerOf(job, acceptedAt, expiresAt);
    if (isNothing(newcomer.state)) {
        return Restored::Restored;
    }
    if (std::max(newcomer.request.size(), newcomer.body.size()) > view_.maxChain) {
        return Restored::Full;
    }

    ArenaGuard guard(*lock_, view_, signal_);
    if (findSlot(view_, job.id) != kNone) {
        return Restored::Known;
    }
    guard.beginChange();
    // What is finished gives way to what has finished later.
    const std::uint64_t latest = isLive(newcomer.state) ? UINT64_MAX : newcomer.state.expiresAt;
    if (!makeRoom(view_, 1, blocksNeeded(*view_.header, newcomer), latest) ||
        storeJob(view_, newcomer, kStepsOfOldJob) == kNone) {
        return Restored::Full;
    }
    if (isLive(newcomer.state)) {
        EDGERUN_CRASH_POINT(orphan_restored);
        ++view_.header->orphanEpoch;
    }
    return Restored::Restored;
}

std::optional<JobSnapshot> JobArena::snapshot(const JobId& id) {
    return copyJob(*lock_, view_, signal_, [&]() -> const ArenaSlot* {
        const std::uint32_t index = findSlot(view_, id);
        return index == kNone ? nullptr : soundSlot(view_, index);
    });
}

std::optional<JobSnapshot> JobArena::loadWhole(const JobRef& ref) {
    return copyJob(*lock_, view_, signal_, [&] { return ownedSlot(view_, ref); });
}

void JobArena::countJournalFailure() {
    __atomic_fetch_add(&view_.header->journalFailures, 1, __ATOMIC_RELAXED);
}

}  // namespace edgerun::store
