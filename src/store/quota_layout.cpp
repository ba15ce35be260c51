#include "quota_layout.h"

#include <algorithm>

#include "carve.h"

namespace edgerun::store {

namespace {

constexpr std::size_t kMostSlots = 0x3fffffff;

/// With its share of buckets, whose count is rounded up.
template <typename Slot>
constexpr std::size_t kBytesOf = sizeof(Slot) + 2 * sizeof(std::uint32_t);

constexpr std::size_t kFixed = roundUp(sizeof(QuotaHeader), kLine) + 4 * kLine;
static_assert(kFixed < QuotaCounters::kMinimumBytes / 4);

template <typename Slot>
std::uint32_t countIn(std::size_t bytes) {
    return static_cast<std::uint32_t>(std::min(bytes / kBytesOf<Slot>, kMostSlots));
}

template <typename T>
T* at(void* memory, std::size_t offset) {
    return reinterpret_cast<T*>(static_cast<char*>(memory) + offset);
}

}  // namespace

std::optional<QuotaView> viewQuotas(void* memory, std::size_t bytes) {
    if (bytes < QuotaCounters::kMinimumBytes) {
        return std::nullopt;
    }
    // Counters stay for their windows, holds for a moment or for a run.
    const std::size_t forHolds = (bytes - kFixed) / 3;
    QuotaView view;
    view.counterCount = countIn<QuotaCounterSlot>(bytes - kFixed - forHolds);
    view.holdCount = countIn<QuotaHoldSlot>(forHolds);
    view.counterBucketCount = static_cast<std::uint32_t>(powerOfTwoFrom(view.counterCount));
    view.holdBucketCount = static_cast<std::uint32_t>(powerOfTwoFrom(view.holdCount));

    std::size_t end = 0;
    view.header = at<QuotaHeader>(memory, reserve<QuotaHeader>(end, 1));
    view.counters = at<QuotaCounterSlot>(memory, reserve<QuotaCounterSlot>(end, view.counterCount));
    view.holds = at<QuotaHoldSlot>(memory, reserve<QuotaHoldSlot>(end, view.holdCount));
    view.counterBuckets =
        at<std::uint32_t>(memory, reserve<std::uint32_t>(end, view.counterBucketCount));
    view.holdBuckets = at<std::uint32_t>(memory, reserve<std::uint32_t>(end, view.holdBucketCount));
    return view;
}

}  // namespace edgerun::store
