#pragma once

#include <cstdint>
#include <string_view>

#include "arena_layout.h"

/// Where jobs are found: by id, by key, by owner (the newest first), and the
/// finished ones in the order in which they settled.
namespace edgerun::store {

void clearIndex(const ArenaView& view);

/// By the id's random bits, then all of it; kNone if absent.
std::uint32_t findSlot(const ArenaView& view, const JobId& id);

/// The job that came with the key, unless it is erased or past its ttl; kNone if absent.
std::uint32_t findSlot(const ArenaView& view, const IdempotencyKey& key, std::uint64_t now);

/// Of the buckets by owner: whose jobs are in one list.
std::uint32_t bucketOf(const ArenaView& view, const JobOwner& owner);

/// Head of a list by ArenaSlot::ownerLinks. Other owners' jobs may be in it.
std::uint32_t newestOf(const ArenaView& view, const JobOwner& owner);

/// How far a job's place among its owner's is looked for. New ones are the newest, but for
/// clocks that are set back.
inline constexpr std::uint32_t kStepsOfNewJob = 64;
inline constexpr std::uint32_t kStepsOfOldJob = 1024;

/// Links a slot by its id and its owner, and if it belongs there by its key and
/// among the live ones.
void linkSlot(const ArenaView& view, std::uint32_t index, std::uint32_t mostSteps);
/// From the finished ones too.
void unlinkSlot(const ArenaView& view, std::uint32_t index);

void linkFinished(const ArenaView& view, std::uint32_t index);
void unlinkKey(const ArenaView& view, std::uint32_t index);

/// Constant time in the owners' bytes.
bool isOwnedBy(const ArenaSlot& slot, const JobOwner& owner);

inline bool isSlotInUse(const ArenaView& view, std::uint32_t index) {
    return index < view.slotCount && view.slots[index].inUse == kSlotInUse;
}

/// Calls `visit` for jobs along a list until it returns false.
template <typename Visit>
void visitJobs(const ArenaView& view, std::uint32_t index, Links ArenaSlot::*list,
               std::uint32_t mostLinks, Visit visit) {
    for (; index != kNone && mostLinks > 0; --mostLinks) {
        if (!isSlotInUse(view, index)) {
            reportDamage(view);
            return;
        }
        if (!visit(view.slots[index])) {
            return;
        }
        index = (view.slots[index].*list).next;
    }
}

}  // namespace edgerun::store
