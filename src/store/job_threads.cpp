#include <tuple>

#include "arena_copies.h"
#include "arena_guard.h"
#include "arena_index.h"
#include "arena_layout.h"
#include "arena_live.h"
#include "arena_slots.h"
#include "arena_threads.h"
#include "arena_workers.h"
#include "edgerun/store/crash_point.h"
#include "edgerun/store/job_arena.h"

/// Threads that several jobs of one owner use, one after another.
namespace edgerun::store {

namespace {

constexpr std::uint32_t kSearchLength = 4096;

/// Calls `visit` for the owner's jobs with that thread, along a list, until it returns false.
template <typename Visit>
void visitThread(const ArenaView& view, std::uint32_t first, Links ArenaSlot::*list,
                 const JobOwner& owner, std::string_view threadId, Visit visit) {
    visitJobs(view, first, list, kSearchLength, [&](const ArenaSlot& slot) {
        if (currentState(slot).record.threadId.view() != threadId || !isOwnedBy(slot, owner)) {
            return true;
        }
        return soundSlot(view, indexOf(view, slot)) != nullptr && visit(slot);
    });
}

/// Likewise for the live jobs in the thread of this one, itself included.
template <typename Visit>
void visitLiveBeside(const ArenaView& view, const ArenaSlot& slot, Visit visit) {
    visitThread(view, firstLiveOf(view, slot.owner), &ArenaSlot::stageLinks, slot.owner,
                currentState(slot).record.threadId.view(), visit);
}

/// Who has begun has the turn without having asked for it: the job that made the thread, and one
/// that came back from a journal.
bool hasTurn(const JobState& state) {
    return run::holdsThread(state.record) && (state.hasTurn || state.record.deadline != 0);
}

/// Of two jobs that hold their thread.
bool goesBefore(const ArenaSlot& a, const ArenaSlot& b) {
    const bool isFirst = hasTurn(currentState(a));
    return isFirst != hasTurn(currentState(b)) ? isFirst : a.id < b.id;
}

/// The last one of those that go before the job in its thread; null if it is the first.
const ArenaSlot* jobBefore(const ArenaView& view, const ArenaSlot& slot) {
    const ArenaSlot* before = nullptr;
    visitLiveBeside(view, slot, [&](const ArenaSlot& other) {
        if (run::holdsThread(currentState(other).record) && goesBefore(other, slot) &&
            (before == nullptr || goesBefore(*before, other))) {
            before = &other;
        }
        return true;
    });
    return before;
}

/// Of those that came from a journal, their end is all that is known.
bool leftBefore(const ArenaSlot& a, const ArenaSlot& b) {
    const auto orderOf = [](const ArenaSlot& slot) {
        const JobState& state = currentState(slot);
        return std::tie(state.leftAs, state.record.completedWall, slot.id);
    };
    return orderOf(a) < orderOf(b);
}

/// The last job that has ended in the thread and kept its request; null if there is none. Not by
/// its id: of two that were accepted at once, the younger may have had the first turn.
const ArenaSlot* memoryFor(const ArenaView& view, const ArenaSlot& slot) {
    const ArenaSlot* found = nullptr;
    visitThread(view, newestOf(view, slot.owner), &ArenaSlot::ownerLinks, slot.owner,
                currentState(slot).record.threadId.view(), [&](const ArenaSlot& other) {
                    const run::Record& record = currentState(other).record;
                    const bool isMemory = &other != &slot && run::isFinal(record.status) &&
                                          record.keepsRequest && !record.erased;
                    if (isMemory && (found == nullptr || leftBefore(*found, other))) {
                        found = &other;
                    }
                    return true;
                });
    return found;
}

bool isWantedBeside(const ArenaView& view, const ArenaSlot& slot) {
    if (view.header->continuing == 0 || currentState(slot).record.threadId.empty()) {
        return false;
    }
    bool isWanted = false;
    visitLiveBeside(view, slot, [&](const ArenaSlot& other) {
        const JobState& state = currentState(other);
        isWanted = &other != &slot && state.threadEnd != ThreadEnd::Left &&
                   (isOpen(state) || slot.id < other.id);
        return !isWanted;
    });
    return isWanted;
}

}  // namespace

/// One job that deletes it is enough: those that are newer may have ended before it.
ThreadLook lookAtThread(const ArenaView& view, const JobOwner& owner, std::string_view threadId) {
    ThreadLook look;
    visitThread(view, newestOf(view, owner), &ArenaSlot::ownerLinks, owner, threadId,
                [&](const ArenaSlot& slot) {
                    const JobState& state = currentState(slot);
                    look.isGone =
                        state.record.isThreadGone || state.threadEnd == ThreadEnd::Deleted;
                    if (!look.provider && !state.record.erased) {
                        look.provider = state.record.provider;
                    }
                    return !look.isGone;
                });
    return look;
}

std::optional<std::uint64_t> JobArena::providerOfThread(const JobOwner& owner,
                                                        std::string_view threadId) {
    if (threadId.empty()) {
        return std::nullopt;
    }
    ArenaGuard guard(*lock_, view_, signal_);
    const ThreadLook look = lookAtThread(view_, owner, threadId);
    return look.isGone ? std::nullopt : look.provider;
}

std::optional<JobId> JobArena::newestInThread(const JobOwner& owner, std::string_view threadId) {
    ArenaGuard guard(*lock_, view_, signal_);
    std::optional<JobId> newest;
    visitThread(view_, newestOf(view_, owner), &ArenaSlot::ownerLinks, owner, threadId,
                [&](const ArenaSlot& slot) {
                    newest = slot.id;
                    return false;
                });
    return newest;
}

std::optional<JobWatch> JobArena::takeTurn(const JobRef& ref) {
    ArenaGuard guard(*lock_, view_, signal_);
    ArenaSlot* slot = ownedSlot(view_, ref);
    if (slot == nullptr) {
        return std::nullopt;
    }
    const JobState& state = currentState(*slot);
    if (state.record.threadId.empty() || !run::holdsThread(state.record) || hasTurn(state)) {
        return std::nullopt;
    }
    if (const ArenaSlot* before = jobBefore(view_, *slot)) {
        // Under the same lock: a change after it would be missed by a watch that is set later.
        return watchSlot(view_, view_.slots[indexOf(view_, *before)]);
    }
    storeInOrder(slot->states[slot->current & 1].hasTurn, true);
    EDGERUN_CRASH_POINT(thread_turn_taken);
    return std::nullopt;
}

bool JobArena::isThreadWanted(const JobRef& ref) {
    ArenaGuard guard(*lock_, view_, signal_);
    const ArenaSlot* slot = ownedSlot(view_, ref);
    return slot != nullptr && isWantedBeside(view_, *slot);
}

bool JobArena::settleThread(const JobRef& ref, ThreadEnd end) {
    ArenaGuard guard(*lock_, view_, signal_);
    ArenaSlot* slot = ownedSlot(view_, ref);
    if (slot == nullptr) {
        return true;  // what it decides is not committed
    }
    if (isWantedBeside(view_, *slot) != (end == ThreadEnd::Left)) {
        return false;
    }
    storeInOrder(slot->states[slot->current & 1].threadEnd, end);
    EDGERUN_CRASH_POINT(thread_settled);
    return true;
}

bool JobArena::isCrowded() {
    ArenaGuard guard(*lock_, view_, signal_);
    const ArenaHeader& header = *view_.header;
    const std::uint64_t slots = std::uint64_t{header.slotsFree} + header.finished;
    const std::uint64_t blocks = std::uint64_t{header.blocksFree} + header.finishedBlocks;
    return slots < view_.slotCount / 4 || blocks < view_.blockCount / 4;
}

std::optional<std::string> JobArena::loadThreadMemory(const JobRef& ref) {
    return copyRequest(*lock_, view_, signal_, [&]() -> const ArenaSlot* {
        const ArenaSlot* slot = ownedSlot(view_, ref);
        const bool hasThread = slot != nullptr && !currentState(*slot).record.threadId.empty();
        return hasThread ? memoryFor(view_, *slot) : nullptr;
    });
}

}  // namespace edgerun::store
