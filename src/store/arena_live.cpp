#include "arena_live.h"

#include "arena_index.h"
#include "arena_slots.h"
#include "edgerun/store/crash_point.h"

namespace edgerun::store {

namespace {

/// The link to the owner's first live job, or that which ends the chain.
std::uint32_t& linkToFirst(const ArenaView& view, const JobOwner& owner) {
    std::uint32_t* link = &view.liveBuckets[bucketOf(view, owner)];
    for (std::uint32_t steps = 0; *link < view.slotCount && !isOwnedBy(view.slots[*link], owner);
         ++steps) {
        if (steps == view.slotCount) {
            reportDamage(view);
            break;
        }
        link = &view.slots[*link].firstNext;
    }
    return *link;
}

/// kNone, and damage, if there is none.
std::uint32_t firstBeside(const ArenaView& view, std::uint32_t index) {
    const std::uint32_t first = linkToFirst(view, view.slots[index].owner);
    if (first >= view.slotCount) {
        reportDamage(view);
        return kNone;
    }
    return first;
}

/// The next in the list takes the first one's place, or the next owner's first.
void passOn(const ArenaView& view, const ArenaSlot& first, std::uint32_t& link) {
    const std::uint32_t next = first.stageLinks.next;
    if (next == kNone) {
        link = first.firstNext;
        return;
    }
    if (next >= view.slotCount) {
        reportDamage(view);
        return;
    }
    ArenaSlot& heir = view.slots[next];
    heir.firstNext = first.firstNext;
    heir.openJobs = first.openJobs;
    EDGERUN_CRASH_POINT(live_half_passed_on);
    heir.stageLinks.prev = kNone;
    link = next;
}

void unlinkBehindFirst(const ArenaView& view, std::uint32_t index) {
    const Links links = view.slots[index].stageLinks;
    const bool isLast = links.next == kNone;
    if (links.prev >= view.slotCount || view.slots[links.prev].stageLinks.next != index ||
        (!isLast && links.next >= view.slotCount)) {
        reportDamage(view);
        return;
    }
    view.slots[links.prev].stageLinks.next = links.next;
    EDGERUN_CRASH_POINT(live_half_unlinked);
    if (!isLast) {
        view.slots[links.next].stageLinks.prev = links.prev;
    }
}

}  // namespace

std::uint32_t firstLiveOf(const ArenaView& view, const JobOwner& owner) {
    return linkToFirst(view, owner);
}

std::uint32_t openJobsOf(const ArenaView& view, const JobOwner& owner) {
    const std::uint32_t first = firstLiveOf(view, owner);
    return first < view.slotCount ? view.slots[first].openJobs : 0;
}

void linkLive(const ArenaView& view, std::uint32_t index) {
    ArenaSlot& slot = view.slots[index];
    const std::uint32_t open = isOpen(currentState(slot)) ? 1 : 0;
    std::uint32_t& link = linkToFirst(view, slot.owner);
    if (link >= view.slotCount) {
        slot.stageLinks = {kNone, kNone};
        slot.firstNext = kNone;
        slot.openJobs = open;
        EDGERUN_CRASH_POINT(first_live_prepared);
        link = index;
        return;
    }
    ArenaSlot& first = view.slots[link];
    slot.stageLinks = {link, first.stageLinks.next};
    if (slot.stageLinks.next < view.slotCount) {
        view.slots[slot.stageLinks.next].stageLinks.prev = index;
    }
    EDGERUN_CRASH_POINT(live_half_linked);
    first.stageLinks.next = index;
    first.openJobs += open;
}

void unlinkLive(const ArenaView& view, std::uint32_t index, const JobState& counted) {
    if (isOpen(counted)) {
        closeLive(view, index);
    }
    EDGERUN_CRASH_POINT(live_uncounted);
    const ArenaSlot& slot = view.slots[index];
    std::uint32_t& link = linkToFirst(view, slot.owner);
    if (link == index) {
        passOn(view, slot, link);
    } else {
        unlinkBehindFirst(view, index);
    }
}

void closeLive(const ArenaView& view, std::uint32_t index) {
    const std::uint32_t first = firstBeside(view, index);
    if (first != kNone) {
        --view.slots[first].openJobs;
    }
}

}  // namespace edgerun::store
