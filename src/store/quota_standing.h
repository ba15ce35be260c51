#pragma once

#include "quota_layout.h"

namespace edgerun::store {

/// How a counter (or kNone) stands for somebody who is in `window`: in that window, or in the one
/// that is counted if that begins later. One that would have to be made anew has none that ended
/// before what is forgotten.
QuotaUse standingOf(const QuotaView& view, std::uint32_t counter, const QuotaWindow& window);

/// Cut at the most that is counted.
inline std::uint64_t cappedSum(std::uint64_t used, std::uint64_t amount) {
    return used < kMostUsed && amount <= kMostUsed - used ? used + amount : kMostUsed;
}

}  // namespace edgerun::store
