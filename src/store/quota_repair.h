#pragma once

#include "quota_layout.h"

namespace edgerun::store {

/// Finishes a change that was certain, and rebuilds all else from the slots: buckets, free lists,
/// what counters know of their holds. Drops slots that are not plausible. Takes hostile memory; a
/// death inside is cured by the next repair. The lock must be held.
void repairQuotas(const QuotaView& view) noexcept;

/// Counts anew what each counter's holds reserve of its window.
void countReserved(const QuotaView& view) noexcept;

}  // namespace edgerun::store
