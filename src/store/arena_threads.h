#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "arena_layout.h"

namespace edgerun::store {

struct ThreadLook {
    std::optional<std::uint64_t> provider;  ///< of the newest job that is not erased, if any
    bool isGone = false;                    ///< a job has deleted it, or is about to
};

/// What an owner's jobs say of their thread.
ThreadLook lookAtThread(const ArenaView& view, const JobOwner& owner, std::string_view threadId);

}  // namespace edgerun::store
