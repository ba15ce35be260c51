#include "arena_workers.h"

#include <signal.h>

#include <algorithm>
#include <bitset>
#include <cerrno>

#include "arena_guard.h"
#include "arena_slots.h"
#include "edgerun/store/crash_point.h"

namespace edgerun::store {

namespace {

constexpr std::uint32_t kSlotsPerScan = 2048;

std::uint32_t findFreePlace(const ArenaView& view) {
    for (std::uint32_t index = 0; index < kWorkerPlaces; ++index) {
        if (view.header->workers[index].isTaken != 1) {
            return index;
        }
    }
    return kNone;
}

WorkerPlace takePlace(const ArenaView& view, std::uint32_t index, std::int32_t pid,
                      std::uint64_t deadline) {
    // The counter alone makes it unique in the zone's life; the pid helps whoever debugs.
    const std::uint64_t nonce =
        (++view.header->registrations << 32) | static_cast<std::uint32_t>(pid);
    WorkerEntry& entry = view.header->workers[index];
    entry.nonce = nonce;
    entry.deadline = deadline;
    entry.claimedKey = 0;
    entry.pid = pid;
    EDGERUN_CRASH_POINT(place_filled);
    storeInOrder<std::uint32_t>(entry.isTaken, 1);
    return {index, nonce};
}

void vacatePlace(const ArenaView& view, std::uint32_t index) {
    storeInOrder<std::uint32_t>(view.header->workers[index].isTaken, 0);
    EDGERUN_CRASH_POINT(place_vacated);
    ++view.header->orphanEpoch;
}

bool isGone(std::int32_t pid) {
    return pid > 0 && ::kill(pid, 0) == -1 && errno == ESRCH;
}

void vacateDeadPlaces(const ArenaView& view) {
    for (std::uint32_t index = 0; index < kWorkerPlaces; ++index) {
        const WorkerEntry& entry = view.header->workers[index];
        if (entry.isTaken == 1 && isGone(entry.pid)) {
            vacatePlace(view, index);
        }
    }
}

using PlaceSet = std::bitset<kWorkerPlaces>;

/// Without the lock, under which nobody is to wait for so many system calls: a
/// place in it may be another worker's meanwhile.
PlaceSet findDeadPlaces(const ArenaView& view) {
    PlaceSet dead;
    for (std::uint32_t index = 0; index < kWorkerPlaces; ++index) {
        const WorkerEntry& entry = view.header->workers[index];
        if (__atomic_load_n(&entry.isTaken, __ATOMIC_ACQUIRE) == 1) {
            dead[index] = isGone(__atomic_load_n(&entry.pid, __ATOMIC_RELAXED));
        }
    }
    return dead;
}

/// Its deadline has passed, or its process is gone; never the own one.
bool isLost(const ArenaView& view, std::uint32_t index, const WorkerPlace& own, std::uint64_t now,
            const PlaceSet& dead) {
    const WorkerEntry& entry = view.header->workers[index];
    const bool isOwn = index == own.index && entry.nonce == own.nonce;
    return entry.isTaken == 1 && !isOwn &&
           (entry.deadline < now || (dead[index] && isGone(entry.pid)));
}

bool isOrphan(const ArenaView& view, const JobState& state) {
    return isLive(state) && !holdsPlace(view, {state.worker, state.workerNonce});
}

}  // namespace

std::optional<WorkerPlace> JobArena::registerWorker(std::int32_t pid, std::uint64_t deadline) {
    ArenaGuard guard(*lock_, view_, signal_);
    guard.beginChange();
    std::uint32_t index = findFreePlace(view_);
    if (index == kNone) {
        vacateDeadPlaces(view_);
        index = findFreePlace(view_);
    }
    if (index == kNone) {
        return std::nullopt;
    }
    return takePlace(view_, index, pid, deadline);
}

bool JobArena::renewWorker(const WorkerPlace& place, std::uint64_t deadline) {
    ArenaGuard guard(*lock_, view_, signal_);
    if (!holdsPlace(view_, place)) {
        return false;
    }
    view_.header->workers[place.index].deadline = deadline;
    return true;
}

void JobArena::releaseWorker(const WorkerPlace& place) {
    ArenaGuard guard(*lock_, view_, signal_);
    if (holdsPlace(view_, place)) {
        guard.beginChange();
        vacatePlace(view_, place.index);
    }
}

void JobArena::release(const JobRef& ref) {
    ArenaGuard guard(*lock_, view_, signal_);
    ArenaSlot* slot = ownedSlot(view_, ref);
    if (slot == nullptr || !isLive(currentState(*slot))) {
        return;
    }
    guard.beginChange();
    takeOver(*slot, {kNone, 0});
    EDGERUN_CRASH_POINT(job_released);
    ++view_.header->orphanEpoch;
}

void JobArena::adopt(const WorkerPlace& place, std::uint64_t now, std::uint32_t& cursor,
                     std::size_t most, std::vector<JobRef>& taken) {
    // Not under the lock: this may throw.
    taken.reserve(taken.size() + std::min<std::size_t>(most, kSlotsPerScan));

    const PlaceSet dead = findDeadPlaces(view_);

    ArenaGuard guard(*lock_, view_, signal_);
    for (std::uint32_t index = 0; index < kWorkerPlaces; ++index) {
        if (isLost(view_, index, place, now, dead)) {
            guard.beginChange();
            vacatePlace(view_, index);
        }
    }
    if (roundEpoch_ != view_.header->orphanEpoch) {
        roundEpoch_ = view_.header->orphanEpoch;
        roundLeft_ = view_.slotCount;
    }
    if (roundLeft_ == 0 || !holdsPlace(view_, place)) {
        return;
    }
    guard.beginChange();
    scanForOrphans(place, cursor, std::min<std::size_t>(most, kSlotsPerScan), taken);
}

void JobArena::scanForOrphans(const WorkerPlace& place, std::uint32_t& cursor, std::size_t most,
                              std::vector<JobRef>& taken) {
    for (std::uint32_t looks = kSlotsPerScan; looks > 0 && roundLeft_ > 0 && most > 0; --looks) {
        if (cursor >= view_.header->slotsTouched || cursor >= view_.slotCount) {
            // Slots from here to the end were never used: they need no look.
            const std::uint32_t rest = view_.slotCount - std::min(cursor, view_.slotCount);
            roundLeft_ -= std::min(rest, roundLeft_);
            cursor = 0;
            continue;
        }
        const std::uint32_t index = cursor++;
        --roundLeft_;
        if (view_.slots[index].inUse != kSlotInUse) {
            continue;
        }
        ArenaSlot* slot = soundSlot(view_, index);
        if (slot == nullptr || !isOrphan(view_, currentState(*slot))) {
            continue;
        }
        takeOver(*slot, place);
        taken.push_back({index, slot->generation, currentState(*slot).fence});
        --most;
    }
}

void takeOver(ArenaSlot& slot, const WorkerPlace& place) {
    JobState& next = spareState(slot);
    next = currentState(slot);
    EDGERUN_CRASH_POINT(orphan_copied);
    next.worker = place.index;
    next.workerNonce = place.nonce;
    ++next.fence;
    next.revision = 0;
    next.threadEnd = ThreadEnd::Open;  // decided, but never committed
    EDGERUN_CRASH_POINT(orphan_prepared);
    flipState(slot);
}

bool holdsPlace(const ArenaView& view, const WorkerPlace& place) {
    return place.index < kWorkerPlaces && view.header->workers[place.index].isTaken == 1 &&
           view.header->workers[place.index].nonce == place.nonce;
}

std::uint32_t countPlaces(const ArenaView& view) {
    std::uint32_t count = 0;
    for (const WorkerEntry& entry : view.header->workers) {
        count += entry.isTaken == 1 ? 1 : 0;
    }
    return count;
}

ArenaSlot* ownedSlot(const ArenaView& view, const JobRef& ref) {
    if (ref.slot >= view.header->slotsTouched || ref.slot >= view.slotCount) {
        return nullptr;
    }
    ArenaSlot& slot = view.slots[ref.slot];
    if (slot.inUse != kSlotInUse || slot.generation != ref.generation) {
        return nullptr;
    }
    const JobState& state = currentState(slot);
    if (state.fence != ref.fence || !holdsPlace(view, {state.worker, state.workerNonce})) {
        return nullptr;
    }
    return soundSlot(view, ref.slot);
}

}  // namespace edgerun::store
