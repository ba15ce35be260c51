#include "arena_index.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>

#include "edgerun/store/crash_point.h"

namespace edgerun::store {

namespace {

constexpr std::uint32_t kThreadSearchLength = 4096;
constexpr std::size_t kRandomBitsAt = 7;  ///< in an id, after time and node

std::uint64_t wordAt(const std::uint8_t* bytes) {
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof(word));
    return word;
}

std::uint32_t& idBucket(const ArenaView& view, const JobId& id) {
    return view.idBuckets[wordAt(id.data() + kRandomBitsAt) & (view.bucketCount - 1)];
}

std::uint32_t& ownerBucket(const ArenaView& view, const JobOwner& owner) {
    std::uint64_t hash = (wordAt(owner.user.data()) ^ view.ownerSeed) * 0x9e37'79b9'7f4a'7c15;
    hash ^= wordAt(owner.user.data() + 8) + owner.scope * 0xd6e8'feb8'6659'fd93;
    hash *= 0xff51'afd7'ed55'8ccd;
    return view.ownerBuckets[(hash >> 32) & (view.bucketCount - 1)];
}

bool isSlotInUse(const ArenaView& view, std::uint32_t index) {
    return index < view.slotCount && view.slots[index].inUse == kSlotInUse;
}

void unlinkId(const ArenaView& view, std::uint32_t index) {
    std::uint32_t* link = &idBucket(view, view.slots[index].id);
    for (std::uint32_t steps = 0; *link < view.slotCount && steps < view.slotCount; ++steps) {
        if (*link == index) {
            *link = view.slots[index].idNext;
            return;
        }
        link = &view.slots[*link].idNext;
    }
    reportDamage(view);
}

bool isLink(const ArenaView& view, std::uint32_t neighbour) {
    return neighbour < view.slotCount || neighbour == kNone;
}

/// The link that leads to a slot: its neighbour's, or a list's end.
std::uint32_t& linkTo(const ArenaView& view, std::uint32_t neighbour,
                      std::uint32_t Links::*direction, Links ArenaSlot::*list, std::uint32_t& end) {
    return neighbour == kNone ? end : view.slots[neighbour].*list.*direction;
}

/// `tail` may be a dummy for a list that keeps none.
void unlinkFrom(const ArenaView& view, std::uint32_t index, Links ArenaSlot::*list,
                std::uint32_t& head, std::uint32_t& tail) {
    const Links links = view.slots[index].*list;
    if (!isLink(view, links.prev) || !isLink(view, links.next)) {
        reportDamage(view);
        return;
    }
    std::uint32_t& forward = linkTo(view, links.prev, &Links::next, list, head);
    std::uint32_t& backward = linkTo(view, links.next, &Links::prev, list, tail);
    if (forward != index || backward != index) {
        reportDamage(view);
        return;
    }
    forward = links.next;
    EDGERUN_CRASH_POINT(list_half_unlinked);
    backward = links.prev;
}

}  // namespace

void clearIndex(const ArenaView& view) {
    std::fill_n(view.idBuckets, view.bucketCount, kNone);
    std::fill_n(view.ownerBuckets, view.bucketCount, kNone);
    view.header->finishedHead = kNone;
    view.header->finishedTail = kNone;
}

std::uint32_t findSlot(const ArenaView& view, const JobId& id) {
    std::uint32_t index = idBucket(view, id);
    for (std::uint32_t steps = 0; index != kNone; ++steps) {
        if (!isSlotInUse(view, index) || steps == view.slotCount) {
            reportDamage(view);
            return kNone;
        }
        const ArenaSlot& slot = view.slots[index];
        // Which of them counts stands in the line that is still on its way.
        __builtin_prefetch(&slot.states[0]);
        __builtin_prefetch(&slot.states[1]);
        if (std::memcmp(slot.id.data(), id.data(), id.size()) == 0) {
            return index;
        }
        index = slot.idNext;
    }
    return kNone;
}

void linkSlot(const ArenaView& view, std::uint32_t index) {
    ArenaSlot& slot = view.slots[index];
    std::uint32_t& sameHash = idBucket(view, slot.id);
    slot.idNext = sameHash;
    sameHash = index;
    EDGERUN_CRASH_POINT(slot_linked_by_id);

    std::uint32_t& newest = ownerBucket(view, slot.owner);
    slot.ownerLinks = {kNone, newest};
    if (newest < view.slotCount) {
        view.slots[newest].ownerLinks.prev = index;
    } else if (newest != kNone) {
        reportDamage(view);
    }
    EDGERUN_CRASH_POINT(slot_half_linked_by_owner);
    newest = index;
}

void unlinkSlot(const ArenaView& view, std::uint32_t index) {
    unlinkId(view, index);
    EDGERUN_CRASH_POINT(slot_unlinked_by_id);
    std::uint32_t noTail = index;
    unlinkFrom(view, index, &ArenaSlot::ownerLinks, ownerBucket(view, view.slots[index].owner),
               noTail);
}

void appendFinished(const ArenaView& view, std::uint32_t index) {
    ArenaHeader& header = *view.header;
    const std::uint32_t last = header.finishedTail;
    view.slots[index].finishedLinks = {last, kNone};
    if (!isLink(view, last)) {
        reportDamage(view);
        return;
    }
    linkTo(view, last, &Links::next, &ArenaSlot::finishedLinks, header.finishedHead) = index;
    EDGERUN_CRASH_POINT(finished_half_linked);
    header.finishedTail = index;
}

void unlinkFinished(const ArenaView& view, std::uint32_t index) {
    unlinkFrom(view, index, &ArenaSlot::finishedLinks, view.header->finishedHead,
               view.header->finishedTail);
}

bool isOwnedBy(const ArenaSlot& slot, const JobOwner& owner) {
    return CRYPTO_memcmp(&slot.owner, &owner, sizeof(owner)) == 0;
}

ThreadUse threadUse(const ArenaView& view, const JobOwner& owner, std::string_view threadId) {
    ThreadUse use = ThreadUse::Unknown;
    std::uint32_t index = ownerBucket(view, owner);
    for (std::uint32_t steps = 0; index != kNone && steps < kThreadSearchLength; ++steps) {
        if (!isSlotInUse(view, index)) {
            reportDamage(view);
            break;
        }
        const ArenaSlot& slot = view.slots[index];
        const run::Record& record = currentState(slot).record;
        if (isOwnedBy(slot, owner) && record.threadId.view() == threadId) {
            if (record.phase != run::Phase::Done) {
                return ThreadUse::Busy;
            }
            use = ThreadUse::Free;
        }
        index = slot.ownerLinks.next;
    }
    return use;
}

}  // namespace edgerun::store
