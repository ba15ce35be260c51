#pragma once

#include <cstdint>

#include "arena_layout.h"

/// Live jobs by owner. A bucket chains the first one of each owner, which
/// heads a list of the owner's others and counts those that are open.
namespace edgerun::store {

/// Head of the owner's list by ArenaSlot::stageLinks; kNone if there is none.
std::uint32_t firstLiveOf(const ArenaView& view, const JobOwner& owner);

/// How many jobs of the owner are not final?
std::uint32_t openJobsOf(const ArenaView& view, const JobOwner& owner);

void linkLive(const ArenaView& view, std::uint32_t index);

/// `counted` is the state in which the job was linked, or closed.
void unlinkLive(const ArenaView& view, std::uint32_t index, const JobState& counted);

/// A linked job is open no more, but still live.
void closeLive(const ArenaView& view, std::uint32_t index);

}  // namespace edgerun::store
