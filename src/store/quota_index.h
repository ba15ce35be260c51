#pragma once

#include <cstdint>

#include "quota_layout.h"

/// Where counters and holds are found, and slots for new ones. Links are changed after what
/// stands in the slots: a repair makes them anew from that.
namespace edgerun::store {

void clearIndex(const QuotaView& view);

/// kNone if there is none.
std::uint32_t findCounter(const QuotaView& view, const QuotaKey& key);
void linkCounter(const QuotaView& view, std::uint32_t index);

/// Which counters make way for new ones; none that is held.
enum class MayGo {
    Ended,  ///< those whose window has
    Idle,   ///< also those that have counted nothing
};

/// A slot that is free and in no list; kNone if there is none, or none was near enough.
std::uint32_t takeCounterSlot(const QuotaView& view, MayGo mayGo, std::int64_t now);
/// Of a slot that is free.
void giveCounterSlot(const QuotaView& view, std::uint32_t index);

/// The holds of one job; `visit` returns false to end. It may unlink the one that it is at.
template <typename Visit>
void visitHolds(const QuotaView& view, const JobId& job, Visit visit);

void linkHold(const QuotaView& view, std::uint32_t index);
/// Out of its job's bucket.
void unlinkHold(const QuotaView& view, std::uint32_t index);

/// A slot that is free and in no list; kNone if there is none.
std::uint32_t takeHoldSlot(const QuotaView& view);
void giveHoldSlot(const QuotaView& view, std::uint32_t index);

std::uint32_t holdBucketOf(const QuotaView& view, const JobId& job);

/// Is it in use, and may what stands there be trusted?
bool isSound(const QuotaCounterSlot& counter);
/// Likewise; its counter was in use at some time.
bool isSound(const QuotaView& view, const QuotaHoldSlot& hold);

template <typename Visit>
void visitHolds(const QuotaView& view, const JobId& job, Visit visit) {
    std::uint32_t index = view.holdBuckets[holdBucketOf(view, job)];
    for (std::uint32_t steps = 0; index != kNone; ++steps) {
        if (index >= view.holdCount || steps == view.holdCount ||
            !isSound(view, view.holds[index])) {
            reportDamage(view);
            return;
        }
        const std::uint32_t next = view.holds[index].next;
        if (view.holds[index].job == job && !visit(index)) {
            return;
        }
        index = next;
    }
}

}  // namespace edgerun::store
