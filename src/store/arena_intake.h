#pragma once

#include <cstdint>
#include <string_view>

#include "arena_layout.h"

/// How a job comes into the arena.
namespace edgerun::store {

struct Newcomer {
    const JobId& id;
    const JobOwner& owner;
    const IdempotencyKey& key;
    JobState state;  ///< without its chains
    std::string_view request;
    std::string_view body;
};

std::uint32_t blocksOf(const Newcomer& job);

/// Blocks that must be free before it is stored.
std::uint64_t blocksNeeded(const ArenaHeader& header, const Newcomer& job);

/// There must be room. Looks for its place by age `mostSteps` far. kNone, with
/// nothing stored, if the arena is damaged.
std::uint32_t storeJob(const ArenaView& view, const Newcomer& job, std::uint32_t mostSteps);

}  // namespace edgerun::store
