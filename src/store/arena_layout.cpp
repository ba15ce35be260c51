#include "arena_layout.h"

#include <cstring>

#include "arena_blocks.h"

namespace edgerun::store {

namespace {

constexpr std::size_t kLine = 64;
constexpr std::size_t kMaxSlots = 0x7fffffff / kBlocksPerSlot;
constexpr std::size_t kMaxBody = 1u << 30;

constexpr std::size_t roundUp(std::size_t value, std::size_t unit) {
    return (value + unit - 1) / unit * unit;
}

std::size_t powerOfTwoFrom(std::size_t value) {
    std::size_t power = 1;
    while (power < value) {
        power *= 2;
    }
    return power;
}

/// Slots that fit with their blocks and their share of the buckets (at most
/// two of each kind, because the count of buckets is rounded up).
std::size_t slotsIn(std::size_t bytes) {
    constexpr std::size_t kPerSlot =
        sizeof(ArenaSlot) + kBlocksPerSlot * sizeof(ArenaBlock) + 4 * sizeof(std::uint32_t);
    const std::size_t count = bytes / kPerSlot;
    return count < kMaxSlots ? count : kMaxSlots;
}

template <typename T>
T* take(char* memory, std::size_t& offset, std::size_t count) {
    T* place = reinterpret_cast<T*>(memory + offset);
    offset = roundUp(offset + count * sizeof(T), kLine);
    return place;
}

}  // namespace

std::optional<ArenaView> viewMemory(void* memory, std::size_t bytes, const ArenaLimits& limits) {
    const std::size_t bitWords = bytes / sizeof(ArenaBlock) / 64 + 1;
    const std::size_t fixed =
        roundUp(sizeof(ArenaHeader), kLine) + bitWords * sizeof(std::uint64_t) + 4 * kLine;
    if (bytes < JobArena::kMinimumBytes || limits.maxBody == 0 || limits.maxBody > kMaxBody) {
        return std::nullopt;
    }

    char* base = static_cast<char*>(memory);
    std::size_t offset = 0;
    ArenaView view;
    view.slotCount = static_cast<std::uint32_t>(slotsIn(bytes - fixed));
    view.bucketCount = static_cast<std::uint32_t>(powerOfTwoFrom(view.slotCount));
    view.header = take<ArenaHeader>(base, offset, 1);
    view.slots = take<ArenaSlot>(base, offset, view.slotCount);
    view.idBuckets = take<std::uint32_t>(base, offset, view.bucketCount);
    view.ownerBuckets = take<std::uint32_t>(base, offset, view.bucketCount);
    view.reached = take<std::uint64_t>(base, offset, bitWords);
    view.blocks = reinterpret_cast<ArenaBlock*>(base + offset);
    const std::size_t blocks = (bytes - offset) / sizeof(ArenaBlock);
    view.blockCount = static_cast<std::uint32_t>(blocks < kNone ? blocks : kNone - 1);
    view.maxBody = limits.maxBody;

    const std::size_t largestJob = 2 * std::size_t{blocksFor(limits.maxBody)} + kReservedBlocks;
    if (view.blockCount < largestJob) {
        return std::nullopt;
    }
    return view;
}

}  // namespace edgerun::store
