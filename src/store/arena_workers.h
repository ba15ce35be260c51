#pragma once

#include <cstdint>

#include "arena_layout.h"

/// The table of workers, and what follows from it for the jobs' owners.
namespace edgerun::store {

/// Is the place still this worker's?
bool holdsPlace(const ArenaView& view, const WorkerPlace& place);

std::uint32_t countPlaces(const ArenaView& view);

/// The job as long as `ref` speaks for its owner, null otherwise.
ArenaSlot* ownedSlot(const ArenaView& view, const JobRef& ref);

/// Another worker's from now on, or nobody's: the former one's refs are worth nothing.
void takeOver(ArenaSlot& slot, const WorkerPlace& place);

}  // namespace edgerun::store
