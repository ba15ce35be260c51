#pragma once

#include <cstdint>
#include <string_view>

#include "arena_layout.h"

/// Where jobs are found: by id, by owner (newest first), and the finished ones
/// in the order in which they finished.
namespace edgerun::store {

void clearIndex(const ArenaView& view);

/// By the id's random bits, then all of it; kNone if absent.
std::uint32_t findSlot(const ArenaView& view, const JobId& id);

/// Links a slot by its id and its owner.
void linkSlot(const ArenaView& view, std::uint32_t index);
void unlinkSlot(const ArenaView& view, std::uint32_t index);

void appendFinished(const ArenaView& view, std::uint32_t index);
void unlinkFinished(const ArenaView& view, std::uint32_t index);

/// Constant time in the owners' bytes.
bool isOwnedBy(const ArenaSlot& slot, const JobOwner& owner);

/// Looks at the newest 4096 jobs at most.
ThreadUse threadUse(const ArenaView& view, const JobOwner& owner, std::string_view threadId);

}  // namespace edgerun::store
