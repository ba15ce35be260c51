#pragma once

#include <cstdint>
#include <string_view>

#include "arena_layout.h"

/// The life of a slot: taken, filled, published, and given back.
namespace edgerun::store {

/// Could it be a job's? (It may have come from anywhere.)
bool isPlausible(const run::Record& record);

/// Could a sound arena hold this state? (Its chains' blocks are not visited.)
bool isPlausible(const ArenaView& view, const JobState& state);

/// Must the job still be carried on by some worker?
inline bool isLive(const JobState& state) {
    return state.record.phase != run::Phase::Done;
}

/// Is the job's final body still to come?
inline bool isOpen(const JobState& state) {
    return isLive(state) && !run::isFinal(state.record.status);
}

/// From this moment the job's ttl runs.
inline bool isSettled(const JobState& state) {
    return !isOpen(state);
}

inline bool isPastTtl(const JobState& state, std::uint64_t now) {
    return state.expiresAt != 0 && now >= state.expiresAt;
}

/// Is the request still needed?
inline bool keepsRequest(const JobState& state) {
    return isOpen(state) || state.record.keepsRequest;
}

/// Does it go on in a thread that another job has made?
inline bool continuesThread(const JobState& state) {
    return !state.record.ownsThread && !state.record.threadId.empty();
}

/// May its owner see it?
inline bool isVisible(const JobState& state) {
    return !state.isHidden && !state.record.erased;
}

/// What follows from the record's status and phase.
void settle(JobState& state, std::uint64_t now, std::uint64_t ttl);

/// Where a body's steps begin; 0 where they cannot.
constexpr std::uint32_t stepsIn(std::string_view body, std::uint32_t stepsAt) {
    return stepsAt < body.size() ? stepsAt : 0;
}

std::uint32_t blocksOf(const JobState& state);

/// Blocks that must be kept free because the job, with so many for body and request, would give
/// back only some of them at its end.
std::uint32_t owedBy(const JobState& state, std::uint32_t body, std::uint32_t request);
std::uint32_t owedBy(const JobState& state);

/// The slot of a job in use with a plausible state; null (and the damage
/// reported) otherwise.
ArenaSlot* soundSlot(const ArenaView& view, std::uint32_t index);

/// Likewise, of this owner's job; null if there is none.
ArenaSlot* findJob(const ArenaView& view, const JobId& id, const JobOwner& owner);

inline std::uint32_t indexOf(const ArenaView& view, const ArenaSlot& slot) {
    return static_cast<std::uint32_t>(&slot - view.slots);
}

/// The job's owner sees something new, or the job no more.
void noteChange(const ArenaView& view, ArenaSlot& slot);
/// The next of those is told.
JobWatch watchSlot(const ArenaView& view, ArenaSlot& slot);

/// Takes a free slot: not in use yet, its generation grown. There must be one;
/// kNone if the arena is damaged.
std::uint32_t takeSlot(const ArenaView& view);

/// Gives back a slot that is in no list and not in use.
void giveSlot(const ArenaView& view, std::uint32_t index);

/// Adds the job to, or removes it from, the header's gauges.
void countJob(ArenaHeader& header, const JobState& state);
void uncountJob(ArenaHeader& header, const JobState& state);

/// Removes a sound slot's job.
void removeJob(const ArenaView& view, ArenaSlot& slot);

/// False if the slot's job is not finished.
bool removeFinished(const ArenaView& view, std::uint32_t index);

/// Removes finished jobs that expire by `latest`, oldest first, until so many slots and blocks are
/// free. False when even all of them would not do; without `latest` nothing is removed then.
bool makeRoom(const ArenaView& view, std::uint32_t slots, std::uint64_t blocks,
              std::uint64_t latest = UINT64_MAX);

}  // namespace edgerun::store
