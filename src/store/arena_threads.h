#pragma once

#include <string_view>

#include "arena_layout.h"

namespace edgerun::store {

/// Has a job of the owner deleted that thread, or is it about to?
bool isThreadGone(const ArenaView& view, const JobOwner& owner, std::string_view threadId);

}  // namespace edgerun::store
