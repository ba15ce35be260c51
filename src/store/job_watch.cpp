#include "arena_guard.h"
#include "arena_layout.h"
#include "arena_slots.h"
#include "edgerun/store/job_arena.h"

/// How a change is noticed without asking again and again.
namespace edgerun::store {

std::optional<JobWatch> JobArena::watch(const JobId& id, const JobOwner& owner) {
    ArenaGuard guard(*lock_, view_, signal_);
    ArenaSlot* slot = findJob(view_, id, owner);
    if (slot == nullptr || currentState(*slot).record.erased) {
        return std::nullopt;
    }
    return watchSlot(view_, *slot);
}

bool JobArena::hasChanged(const JobWatch& watch) const noexcept {
    if (watch.slot >= view_.slotCount) {
        return true;
    }
    const ArenaSlot& slot = view_.slots[watch.slot];
    return __atomic_load_n(&slot.inUse, __ATOMIC_ACQUIRE) != kSlotInUse ||
           __atomic_load_n(&slot.generation, __ATOMIC_RELAXED) != watch.generation ||
           __atomic_load_n(&slot.changes, __ATOMIC_ACQUIRE) != watch.changes;
}

}  // namespace edgerun::store
