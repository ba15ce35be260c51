#include "arena_layout.h"

#include <algorithm>

#include "arena_blocks.h"
#include "carve.h"

namespace edgerun::store {

namespace {

constexpr std::size_t kMaxSlots = 0x7fffffff / kBlocksPerSlot;
constexpr std::size_t kMaxChain = 1u << 30;
constexpr std::size_t kBucketKinds = 4;

/// Slots that fit with their blocks and their share of the buckets (at most
/// two of each kind, because the count of buckets is rounded up).
std::size_t slotsIn(std::size_t bytes) {
    constexpr std::size_t kPerSlot = sizeof(ArenaSlot) + kBlocksPerSlot * sizeof(ArenaBlock) +
                                     2 * kBucketKinds * sizeof(std::uint32_t);
    const std::size_t count = bytes / kPerSlot;
    return count < kMaxSlots ? count : kMaxSlots;
}

/// Where everything begins, from the beginning of the memory.
struct Plan {
    std::uint32_t slotCount, bucketCount, blockCount;
    std::size_t header, slots, idBuckets, ownerBuckets, liveBuckets, keyBuckets, reached, blocks;
};

std::optional<Plan> planFor(std::size_t bytes, const ArenaLimits& limits) {
    const std::size_t bitWords = bytes / sizeof(ArenaBlock) / 64 + 1;
    const std::size_t fixed = roundUp(sizeof(ArenaHeader), kLine) +
                              bitWords * sizeof(std::uint64_t) + (kBucketKinds + 2) * kLine;
    if (bytes < JobArena::kMinimumBytes || limits.maxBody == 0 || limits.maxBody > kMaxChain ||
        limits.maxRequest > kMaxChain) {
        return std::nullopt;
    }

    std::size_t end = 0;
    Plan plan;
    plan.slotCount = static_cast<std::uint32_t>(slotsIn(bytes - fixed));
    plan.bucketCount = static_cast<std::uint32_t>(powerOfTwoFrom(plan.slotCount));
    plan.header = reserve<ArenaHeader>(end, 1);
    plan.slots = reserve<ArenaSlot>(end, plan.slotCount);
    plan.idBuckets = reserve<std::uint32_t>(end, plan.bucketCount);
    plan.ownerBuckets = reserve<std::uint32_t>(end, plan.bucketCount);
    plan.liveBuckets = reserve<std::uint32_t>(end, plan.bucketCount);
    plan.keyBuckets = reserve<std::uint32_t>(end, plan.bucketCount);
    plan.reached = reserve<std::uint64_t>(end, bitWords);
    plan.blocks = end;
    const std::size_t blocks = (bytes - end) / sizeof(ArenaBlock);
    plan.blockCount = static_cast<std::uint32_t>(blocks < kNone ? blocks : kNone - 1);

    const std::size_t largestJob = 2 * std::size_t{blocksFor(limits.maxBody)} + kReservedBlocks;
    return plan.blockCount < largestJob ? std::nullopt : std::optional(plan);
}

}  // namespace

bool JobArena::fits(std::size_t bytes, const ArenaLimits& limits) {
    return planFor(bytes, limits).has_value();
}

std::optional<ArenaView> viewMemory(void* memory, std::size_t bytes, const ArenaLimits& limits) {
    const std::optional<Plan> plan = planFor(bytes, limits);
    if (!plan) {
        return std::nullopt;
    }
    char* base = static_cast<char*>(memory);
    ArenaView view;
    view.slotCount = plan->slotCount;
    view.bucketCount = plan->bucketCount;
    view.blockCount = plan->blockCount;
    view.header = reinterpret_cast<ArenaHeader*>(base + plan->header);
    view.slots = reinterpret_cast<ArenaSlot*>(base + plan->slots);
    view.idBuckets = reinterpret_cast<std::uint32_t*>(base + plan->idBuckets);
    view.ownerBuckets = reinterpret_cast<std::uint32_t*>(base + plan->ownerBuckets);
    view.liveBuckets = reinterpret_cast<std::uint32_t*>(base + plan->liveBuckets);
    view.keyBuckets = reinterpret_cast<std::uint32_t*>(base + plan->keyBuckets);
    view.reached = reinterpret_cast<std::uint64_t*>(base + plan->reached);
    view.blocks = reinterpret_cast<ArenaBlock*>(base + plan->blocks);
    view.maxChain = std::max(limits.maxBody, limits.maxRequest);
    return view;
}

}  // namespace edgerun::store
