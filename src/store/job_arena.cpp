#include "edgerun/store/job_arena.h"

#include <sys/random.h>

#include <algorithm>
#include <cstring>

#include "arena_blocks.h"
#include "arena_copies.h"
#include "arena_guard.h"
#include "arena_index.h"
#include "arena_layout.h"
#include "arena_slots.h"
#include "arena_workers.h"

namespace edgerun::store {

namespace {

/// 0 only if the system has no random numbers.
std::uint64_t drawInstance() {
    std::uint64_t instance = 0;
    return ::getrandom(&instance, sizeof(instance), 0) == sizeof(instance)
               ? std::max<std::uint64_t>(instance, 1)
               : 0;
}

}  // namespace

bool JobArena::format(void* memory, std::size_t bytes, const ArenaLimits& limits,
                      const JobIdSecret& secret) {
    const std::optional<ArenaView> view = viewMemory(memory, bytes, limits);
    const std::uint64_t instance = drawInstance();
    if (!view || instance == 0) {
        return false;
    }
    ArenaHeader& header = *view->header;
    header = ArenaHeader{};
    header.layout = kArenaLayout;
    header.slotCount = view->slotCount;
    header.bytes = bytes;
    header.limits = limits;
    header.idSecret = secret;
    header.instance = instance;
    header.loading = static_cast<std::uint32_t>(Loading::Whole);
    header.slotsFree = view->slotCount;
    header.freeSlot = kNone;
    header.blocksFree = view->blockCount;
    header.freeBlock = kNone;
    clearIndex(*view);
    storeInOrder(header.magic, kArenaMagic);
    return true;
}

std::optional<JobArena> JobArena::attach(void* memory, std::size_t bytes, SharedLock& lock,
                                         ChangeSignal* signal) {
    if (bytes < kMinimumBytes) {
        return std::nullopt;
    }
    const ArenaHeader& header = *static_cast<const ArenaHeader*>(memory);
    if (header.magic != kArenaMagic || header.layout != kArenaLayout || header.bytes != bytes) {
        return std::nullopt;
    }
    const std::optional<ArenaView> view = viewMemory(memory, bytes, header.limits);
    if (!view || header.slotCount != view->slotCount) {
        return std::nullopt;
    }
    return JobArena(*view, lock, signal);
}

JobArena::JobArena(const ArenaView& view, SharedLock& lock, ChangeSignal* signal)
    : view_(view),
      lock_(&lock),
      signal_(signal),
      limits_(view.header->limits),
      idSecret_(view.header->idSecret),
      instance_(view.header->instance),
      roundEpoch_(UINT64_MAX) {
    std::memcpy(&view_.ownerSeed, idSecret_.data(), sizeof(view_.ownerSeed));
}

JobView JobArena::read(const JobId& id, const JobOwner& owner, std::uint64_t now, char* buffer,
                       std::size_t capacity, Steps steps) {
    ArenaGuard guard(*lock_, view_, signal_);
    const ArenaSlot* slot = findJob(view_, id, owner);
    if (slot == nullptr) {
        return {};
    }
    const JobState& state = currentState(*slot);
    if (!isVisible(state) || isPastTtl(state, now)) {
        return {};
    }
    const bool isCut = steps == Steps::Without && state.stepsAt != 0;
    const Chain shown{state.body.head, isCut ? state.stepsAt : state.body.length};
    JobView job{JobView::Found::BufferTooSmall,
                std::size_t{shown.length} + (isCut ? 1 : 0),
                state.record.version,
                state.record.status,
                now > state.acceptedAt ? now - state.acceptedAt : 0,
                state.record.usage.total};
    if (job.size > capacity) {
        return job;
    }
    if (!copyChain(view_, indexOf(view_, *slot), shown, buffer)) {
        return {};
    }
    if (isCut) {
        buffer[shown.length] = '}';
    }
    job.found = JobView::Found::Yes;
    return job;
}

std::optional<LoadedJob> JobArena::load(const JobRef& ref) {
    ArenaGuard guard(*lock_, view_, signal_);
    const ArenaSlot* slot = ownedSlot(view_, ref);
    if (slot == nullptr) {
        return std::nullopt;
    }
    const JobState& state = currentState(*slot);
    return LoadedJob{state.record, state.revision};
}

std::optional<JobId> JobArena::idOf(const JobRef& ref) {
    ArenaGuard guard(*lock_, view_, signal_);
    const ArenaSlot* slot = ownedSlot(view_, ref);
    return slot == nullptr ? std::nullopt : std::optional(slot->id);
}

std::optional<std::string> JobArena::loadRequest(const JobRef& ref) {
    return copyRequest(*lock_, view_, signal_, [&] { return ownedSlot(view_, ref); });
}

std::size_t JobArena::expire(std::uint64_t now, std::size_t most) {
    ArenaGuard guard(*lock_, view_, signal_);
    std::size_t removed = 0;
    for (; removed < most && view_.header->finishedHead != kNone; ++removed) {
        const std::uint32_t oldest = view_.header->finishedHead;
        const ArenaSlot* slot = soundSlot(view_, oldest);
        if (slot == nullptr || currentState(*slot).expiresAt > now) {
            break;
        }
        guard.beginChange();
        if (!removeFinished(view_, oldest)) {
            break;
        }
        ++view_.header->expired;
    }
    return removed;
}

ArenaGauges JobArena::gauges() {
    ArenaGuard guard(*lock_, view_, signal_);
    const ArenaHeader& header = *view_.header;
    return {view_.slotCount,
            header.slotsFree,
            view_.blockCount,
            header.blocksFree,
            header.live,
            header.finished,
            countPlaces(view_),
            header.accepted,
            header.refused,
            header.expired,
            header.evicted,
            header.repairs,
            __atomic_load_n(&header.journalFailures, __ATOMIC_RELAXED)};
}

}  // namespace edgerun::store
