#pragma once

#include <cstdint>

namespace edgerun::store {

struct QuotaHeader;
struct QuotaCounterSlot;
struct QuotaHoldSlot;

/// One process's view of a quota zone's memory. Counts and places follow from the memory's size
/// alone, so every bound is checked against this private copy.
struct QuotaView {
    QuotaHeader* header = nullptr;
    QuotaCounterSlot* counters = nullptr;
    QuotaHoldSlot* holds = nullptr;
    std::uint32_t* counterBuckets = nullptr;  ///< by key
    std::uint32_t* holdBuckets = nullptr;     ///< by job
    std::uint32_t counterCount = 0;
    std::uint32_t holdCount = 0;
    std::uint32_t counterBucketCount = 0;  ///< a power of two
    std::uint32_t holdBucketCount = 0;     ///< likewise
    std::uint64_t seed = 0;                ///< so that nobody can aim at a bucket
};

}  // namespace edgerun::store
