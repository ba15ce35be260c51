#include <algorithm>
#include <optional>

#include "arena_blocks.h"
#include "arena_guard.h"
#include "arena_index.h"
#include "arena_layout.h"
#include "arena_live.h"
#include "arena_slots.h"
#include "arena_workers.h"
#include "edgerun/store/crash_point.h"
#include "edgerun/store/job_arena.h"

/// What a job's worker writes: commit().
namespace edgerun::store {

namespace {

int rankOf(run::JobStatus status) {
    switch (status) {
        case run::JobStatus::Pending:
            return 0;
        case run::JobStatus::Running:
        case run::JobStatus::RequiresAction:
            return 1;
        case run::JobStatus::Completed:
        case run::JobStatus::Failed:
        case run::JobStatus::Cancelled:
            return 2;
    }
    return 0;
}

/// Statuses never move back; a final one is there to stay, with its body.
bool mayFollow(const JobState& state, const run::Record& record, bool hasBody) {
    if (run::isFinal(state.record.status)) {
        return record.status == state.record.status && !hasBody;
    }
    return rankOf(record.status) >= rankOf(state.record.status);
}

/// What is written anew; the former text stays where there is none.
struct Texts {
    std::optional<std::string_view> body;
    std::optional<std::string_view> request;
};

std::uint32_t blocksIn(const std::optional<std::string_view>& text) {
    return text ? blocksFor(text->size()) : 0;
}

/// Blocks that must be free before the texts are written: for themselves while the old ones still
/// stand, and afterwards to keep the reserve.
std::uint64_t blocksNeeded(const ArenaHeader& header, const JobState& before, const JobState& after,
                           const Texts& texts) {
    const std::uint32_t written = blocksIn(texts.body) + blocksIn(texts.request);
    const std::uint32_t oldBody = texts.body ? 0 : blocksFor(after.body.length);
    const std::uint32_t oldRequest = texts.request ? 0 : blocksFor(after.request.length);
    const std::uint64_t freed = blocksOf(before) - oldBody - oldRequest;
    const std::uint64_t owed =
        std::uint64_t{header.owed} - owedBy(before) +
        owedBy(after, oldBody + blocksIn(texts.body), oldRequest + blocksIn(texts.request));
    const std::uint64_t later = written + kReservedBlocks + owed;
    return std::max<std::uint64_t>(written, later > freed ? later - freed : 0);
}

/// Frees what the former state alone referred to.
void freeFormer(const ArenaView& view, std::uint32_t index, const JobState& former,
                const JobState& next) {
    if (former.body.head != next.body.head) {
        freeChain(view, index, former.body);
    }
    EDGERUN_CRASH_POINT(former_body_free);
    if (former.request.head != next.request.head) {
        freeChain(view, index, former.request);
    }
    EDGERUN_CRASH_POINT(former_request_free);
}

/// Does the job's owner see something else, or may the next job of its thread begin?
bool isNews(const JobState& former, const JobState& next) {
    return former.body.head != next.body.head || former.isHidden ||
           former.record.erased != next.record.erased ||
           holdsThread(former.record) != holdsThread(next.record);
}

/// Makes the spare state of a live job the current one.
void replaceState(const ArenaView& view, ArenaSlot& slot) {
    const std::uint32_t index = indexOf(view, slot);
    const JobState& former = currentState(slot);
    const JobState& next = spareState(slot);
    EDGERUN_CRASH_POINT(state_written);
    if (isNews(former, next)) {
        // First: who sees it takes the lock to see more, and so meets the new state.
        noteChange(view, slot);
    }
    view.header->accepted += former.isHidden ? 1 : 0;
    flipState(slot);
    EDGERUN_CRASH_POINT(state_flipped);
    uncountJob(*view.header, former);
    countJob(*view.header, next);
    freeFormer(view, index, former, next);
    if (next.record.erased && !former.record.erased && slot.key.isSet()) {
        unlinkKey(view, index);
        EDGERUN_CRASH_POINT(key_unlinked);
    }
    if (!isLive(next)) {
        unlinkLive(view, index, former);
        EDGERUN_CRASH_POINT(job_unlinked_as_live);
        linkFinished(view, index);
    } else if (isOpen(former) && !isOpen(next)) {
        closeLive(view, index);
    }
}

/// The state after a commit, but for new texts.
void prepareNext(ArenaHeader& header, JobState& next, const JobState& former,
                 const run::Record& record) {
    next = former;
    ++next.revision;
    next.isHidden = false;
    next.record = record;
    if (!run::isFinal(record.status)) {
        next.threadEnd = ThreadEnd::Open;  // not its end after all: it begins anew elsewhere
    }
    if (holdsThread(former.record) && !holdsThread(record)) {
        next.leftAs = ++header.leavings;
    }
    if (former.record.erased || record.erased) {
        next.record.erased = true;
        next.body = kEmptyChain;
        next.stepsAt = 0;
    }
}

/// What of the update the next state has use for.
Texts textsFor(const JobState& next, const JobUpdate& update) {
    Texts texts;
    if (!next.record.erased) {
        texts.body = update.body;
    }
    if (keepsRequest(next)) {
        texts.request = update.request;
    }
    return texts;
}

/// False if the arena is damaged.
bool storeText(const ArenaView& view, std::uint32_t index,
               const std::optional<std::string_view>& text, Chain& chain) {
    if (!text) {
        return true;
    }
    const std::optional<Chain> stored = storeChain(view, index, *text);
    chain = stored.value_or(kEmptyChain);
    return stored.has_value();
}

/// False if there is no room.
bool storeTexts(const ArenaView& view, ArenaSlot& slot, const Texts& texts) {
    JobState& next = spareState(slot);
    const std::uint32_t index = indexOf(view, slot);
    return makeRoom(view, 0, blocksNeeded(*view.header, currentState(slot), next, texts)) &&
           storeText(view, index, texts.body, next.body) &&
           storeText(view, index, texts.request, next.request);
}

}  // namespace

JobArena::Commit JobArena::commit(const JobRef& ref, const JobUpdate& update, std::uint64_t now) {
    if ((update.body && update.body->size() > limits_.maxBody) ||
        (update.request && update.request->size() > limits_.maxRequest)) {
        return Commit::Full;
    }
    const run::Record& record = update.record;
    ArenaGuard guard(*lock_, view_, signal_);
    ArenaSlot* slot = ownedSlot(view_, ref);
    if (slot == nullptr) {
        return Commit::Lost;
    }
    const bool isErased = record.erased || currentState(*slot).record.erased;
    if (!mayFollow(currentState(*slot), record, update.body.has_value() && !isErased)) {
        return Commit::Lost;
    }
    guard.beginChange();
    if (isErased && record.phase == run::Phase::Done) {
        removeJob(view_, *slot);
        return Commit::Done;
    }
    prepareNext(*view_.header, spareState(*slot), currentState(*slot), record);
    settle(spareState(*slot), now, limits_.ttl);
    EDGERUN_CRASH_POINT(state_copied);
    JobState& next = spareState(*slot);
    const Texts texts = textsFor(next, update);
    if (texts.body) {
        next.stepsAt = stepsIn(*texts.body, update.stepsAt);
    }
    if (!storeTexts(view_, *slot, texts)) {
        return Commit::Full;
    }
    replaceState(view_, *slot);
    return Commit::Done;
}

}  // namespace edgerun::store
