#include <algorithm>

#include "arena_guard.h"
#include "arena_index.h"
#include "arena_layout.h"
#include "arena_slots.h"
#include "edgerun/store/job_arena.h"

/// An owner's jobs, page by page.
namespace edgerun::store {

namespace {

constexpr std::uint32_t kLinksPerHold = 1024;
constexpr std::uint32_t kHoldsPerPage = 16;

struct Wanted {
    const JobOwner& owner;
    std::optional<run::JobStatus> status;
    std::size_t limit;
    std::uint64_t now;

    bool includes(const JobState& state) const {
        return isVisible(state) && !isPastTtl(state, now) &&
               (!status || *status == state.record.status);
    }
};

/// A walk along the owner's list, during which the lock is given back now and then.
class PageWalk {
public:
    /// `page` has its memory.
    PageWalk(const ArenaView& view, const Wanted& wanted, const std::optional<JobId>& after,
             JobList& page)
        : view_(view), wanted_(wanted), behind_(after), page_(page) {}

    /// Under the lock. True when the page is ready.
    bool goOn();

    /// Has it come behind where it was to begin? Only then a later page gets further.
    bool hasProgress() const { return hasProgress_; }
    /// To be gone on from here.
    void breakOff();

private:
    std::uint32_t nextLink();
    bool look(const ArenaSlot& slot);

    const ArenaView& view_;
    const Wanted& wanted_;
    std::optional<JobId> behind_;  ///< the owner's last job that was looked at
    JobList& page_;
    std::uint32_t slot_ = kNone;  ///< the last that was looked at, whosever
    std::uint32_t generation_ = 0;
    bool isSkipping_ = false;  ///< jobs that are not older than `behind_`
    bool hasProgress_ = false;
};

bool PageWalk::goOn() {
    std::uint32_t index = nextLink();
    for (std::uint32_t links = 0; links < kLinksPerHold; ++links) {
        const ArenaSlot* slot = index == kNone ? nullptr : soundSlot(view_, index);
        if (slot == nullptr) {
            return true;
        }
        if (!look(*slot)) {
            breakOff();
            return true;
        }
        slot_ = index;
        generation_ = slot->generation;
        index = slot->ownerLinks.next;
    }
    return false;
}

/// Where the walk stood, as long as that job is there; else where its job was, or would be.
std::uint32_t PageWalk::nextLink() {
    if (slot_ != kNone && isSlotInUse(view_, slot_) &&
        view_.slots[slot_].generation == generation_) {
        return view_.slots[slot_].ownerLinks.next;
    }
    const std::uint32_t index = behind_ ? findSlot(view_, *behind_) : kNone;
    if (index != kNone &&
        bucketOf(view_, view_.slots[index].owner) == bucketOf(view_, wanted_.owner)) {
        isSkipping_ = false;
        return view_.slots[index].ownerLinks.next;
    }
    isSkipping_ = behind_.has_value();
    return newestOf(view_, wanted_.owner);
}

/// False if the job is wanted and the page is full.
bool PageWalk::look(const ArenaSlot& slot) {
    if (!isOwnedBy(slot, wanted_.owner) || (isSkipping_ && slot.id >= *behind_)) {
        return true;
    }
    const JobState& state = currentState(slot);
    if (wanted_.includes(state)) {
        if (page_.jobs.size() == wanted_.limit) {
            return false;
        }
        page_.jobs.push_back({slot.id, state.record});
    }
    behind_ = slot.id;
    isSkipping_ = false;
    hasProgress_ = true;
    return true;
}

void PageWalk::breakOff() {
    page_.hasMore = true;
    page_.next = *behind_;
}

}  // namespace

JobList JobArena::list(const JobOwner& owner, const std::optional<JobId>& after,
                       std::optional<run::JobStatus> status, std::size_t limit, std::uint64_t now) {
    JobList page;
    const Wanted wanted{owner, status, std::min<std::size_t>(limit, view_.slotCount), now};
    page.jobs.reserve(wanted.limit);
    if (wanted.limit == 0) {
        return page;
    }
    PageWalk walk(view_, wanted, after, page);
    const std::uint32_t mostHolds = kHoldsPerPage + view_.slotCount / kLinksPerHold;
    for (std::uint32_t holds = 1; holds <= mostHolds; ++holds) {
        ArenaGuard guard(*lock_, view_, signal_);
        if (walk.goOn()) {
            break;
        }
        if (holds >= kHoldsPerPage && walk.hasProgress()) {
            walk.breakOff();
            break;
        }
    }
    return page;
}

}  // namespace edgerun::store
