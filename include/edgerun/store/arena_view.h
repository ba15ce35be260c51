#pragma once

#include <cstddef>
#include <cstdint>

namespace edgerun::store {

struct ArenaHeader;
struct ArenaSlot;
struct ArenaBlock;

/// One process's view of an arena's memory. Counts and places follow from the
/// memory's size alone, so every bound is checked against this private copy
/// and never against what stands in shared memory.
struct ArenaView {
    ArenaHeader* header = nullptr;
    ArenaSlot* slots = nullptr;
    std::uint32_t* idBuckets = nullptr;
    std::uint32_t* ownerBuckets = nullptr;
    std::uint32_t* liveBuckets = nullptr;  ///< by owner too
    std::uint32_t* keyBuckets = nullptr;
    std::uint64_t* reached = nullptr;  ///< one bit a block, for repairs
    ArenaBlock* blocks = nullptr;
    std::uint32_t slotCount = 0;
    std::uint32_t bucketCount = 0;  ///< of each kind; a power of two
    std::uint32_t blockCount = 0;
    std::uint64_t ownerSeed = 0;  ///< so that nobody can aim at a bucket of owners or keys
    std::size_t maxChain = 0;     ///< bytes of the longest body or request
};

}  // namespace edgerun::store
