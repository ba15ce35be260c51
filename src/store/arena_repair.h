#pragma once

#include "arena_layout.h"

namespace edgerun::store {

/// Rebuilds everything but the slots from the slots: free lists, buckets,
/// owner lists, the finished list, gauges. Drops slots whose state is not
/// plausible or whose chains are torn, cyclic or shared (the first keeps a
/// shared block). Takes hostile memory; a death inside is cured by the next
/// repair. The lock must be held.
void repairArena(const ArenaView& view) noexcept;

}  // namespace edgerun::store
