#pragma once

#include <cstdint>
#include <string_view>

#include "arena_layout.h"

/// What an owner's jobs say about the next one. Each looks at 4096 jobs at most.
namespace edgerun::store {

/// Has a live job this thread?
bool isThreadBusy(const ArenaView& view, const JobOwner& owner, std::string_view threadId);

ThreadUse threadUse(const ArenaView& view, const JobOwner& owner, std::string_view threadId);

/// Are so many jobs of the owner not final?
bool hasOpenJobs(const ArenaView& view, const JobOwner& owner, std::uint32_t count);

}  // namespace edgerun::store
