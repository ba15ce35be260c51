#pragma once

#include "quota_layout.h"

/// Slots as a journal has them.
namespace edgerun::store {

QuotaRecord recordOf(const QuotaCounterSlot& counter);
QuotaRecord recordOf(const QuotaHoldSlot& hold, const QuotaKey& key);
/// Of a hold that has ended, so much of it being used.
QuotaRecord endOf(const QuotaHoldSlot& hold, const QuotaKey& key, std::uint64_t counts,
                  std::uint64_t sequence);

inline QuotaHolder holderOf(const QuotaHoldSlot& hold) {
    return {hold.job, hold.jobZone, hold.pid};
}

/// So many new sequences; the first of them. They are used up, whatever becomes of the change.
inline std::uint64_t takeSequences(const QuotaView& view, std::uint64_t count) {
    const std::uint64_t last = view.header->sequence;
    storeInOrder(view.header->sequence, last + count);
    return last + 1;
}

}  // namespace edgerun::store
