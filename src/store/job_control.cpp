#include "arena_guard.h"
#include "arena_layout.h"
#include "arena_slots.h"
#include "arena_workers.h"
#include "edgerun/store/crash_point.h"
#include "edgerun/store/job_arena.h"

/// What a job's owner orders: seize() and erase().
namespace edgerun::store {

Seized JobArena::seize(const WorkerPlace& place, const JobId& id, const JobOwner& owner) {
    ArenaGuard guard(*lock_, view_, signal_);
    if (!holdsPlace(view_, place)) {
        return {Seizure::NoOwner, {}};
    }
    ArenaSlot* slot = findJob(view_, id, owner);
    if (slot == nullptr || !isVisible(currentState(*slot))) {
        return {Seizure::Unknown, {}};
    }
    if (!isLive(currentState(*slot))) {
        return {Seizure::Done, {}};
    }
    guard.beginChange();
    takeOver(*slot, place);
    EDGERUN_CRASH_POINT(job_seized);
    return {Seizure::Taken, {indexOf(view_, *slot), slot->generation, currentState(*slot).fence}};
}

bool JobArena::erase(const JobId& id, const JobOwner& owner) {
    ArenaGuard guard(*lock_, view_, signal_);
    ArenaSlot* slot = findJob(view_, id, owner);
    if (slot == nullptr || !isVisible(currentState(*slot)) || isLive(currentState(*slot))) {
        return false;
    }
    guard.beginChange();
    removeJob(view_, *slot);
    return true;
}

}  // namespace edgerun::store
