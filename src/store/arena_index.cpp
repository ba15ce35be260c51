#include "arena_index.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>

#include "arena_live.h"
#include "arena_slots.h"
#include "edgerun/store/crash_point.h"
#include "id_words.h"

namespace edgerun::store {

namespace {

constexpr std::uint32_t kStepsOfFinished = 64;

std::uint32_t& idBucket(const ArenaView& view, const JobId& id) {
    return view.idBuckets[randomWordOf(id) & (view.bucketCount - 1)];
}

std::uint32_t& keyBucket(const ArenaView& view, const IdempotencyKey& key) {
    const std::uint64_t hash = (wordAt(key.digest.data()) ^ view.ownerSeed) * 0x9e37'79b9'7f4a'7c15;
    return view.keyBuckets[(hash >> 32) & (view.bucketCount - 1)];
}

bool isKeyed(const ArenaSlot& slot) {
    return slot.key.isSet() && !currentState(slot).record.erased;
}

/// Chains by one link: `bucket` and `nextOf` say which.
void unlinkFromChain(const ArenaView& view, std::uint32_t index, std::uint32_t& bucket,
                     std::uint32_t ArenaSlot::*nextOf) {
    std::uint32_t* link = &bucket;
    for (std::uint32_t steps = 0; *link < view.slotCount && steps < view.slotCount; ++steps) {
        if (*link == index) {
            *link = view.slots[index].*nextOf;
            return;
        }
        link = &(view.slots[*link].*nextOf);
    }
    reportDamage(view);
}

// --- lists of Links ---

bool isLink(const ArenaView& view, std::uint32_t neighbour) {
    return neighbour < view.slotCount || neighbour == kNone;
}

/// The link that leads to a slot: its neighbour's, or a list's end.
std::uint32_t& linkTo(const ArenaView& view, std::uint32_t neighbour,
                      std::uint32_t Links::*direction, Links ArenaSlot::*list, std::uint32_t& end) {
    return neighbour == kNone ? end : view.slots[neighbour].*list.*direction;
}

/// Between the neighbours that `links` names. `tail` may be a dummy for a list that keeps none.
void linkInto(const ArenaView& view, std::uint32_t index, Links ArenaSlot::*list,
              const Links& links, std::uint32_t& head, std::uint32_t& tail) {
    if (!isLink(view, links.prev) || !isLink(view, links.next)) {
        reportDamage(view);
        view.slots[index].*list = {kNone, kNone};
        return;
    }
    view.slots[index].*list = links;
    linkTo(view, links.next, &Links::prev, list, tail) = index;
    EDGERUN_CRASH_POINT(list_half_linked);
    linkTo(view, links.prev, &Links::next, list, head) = index;
}

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

/// Before the first older job, if one is near enough.
Links placeByAge(const ArenaView& view, const JobId& id, std::uint32_t newest,
                 std::uint32_t mostSteps) {
    Links place{kNone, newest};
    visitJobs(view, newest, &ArenaSlot::ownerLinks, mostSteps, [&](const ArenaSlot& slot) {
        if (slot.id < id) {
            return false;
        }
        place = {place.next, slot.ownerLinks.next};
        return true;
    });
    return place;
}

void linkByOwner(const ArenaView& view, std::uint32_t index, std::uint32_t mostSteps) {
    const ArenaSlot& slot = view.slots[index];
    std::uint32_t& newest = view.ownerBuckets[bucketOf(view, slot.owner)];
    std::uint32_t noTail = kNone;
    linkInto(view, index, &ArenaSlot::ownerLinks, placeByAge(view, slot.id, newest, mostSteps),
             newest, noTail);
}

void unlinkFinished(const ArenaView& view, std::uint32_t index) {
    unlinkFrom(view, index, &ArenaSlot::stageLinks, view.header->finishedHead,
               view.header->finishedTail);
}

}  // namespace

void clearIndex(const ArenaView& view) {
    for (std::uint32_t* buckets :
         {view.idBuckets, view.ownerBuckets, view.liveBuckets, view.keyBuckets}) {
        std::fill_n(buckets, view.bucketCount, kNone);
    }
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

std::uint32_t findSlot(const ArenaView& view, const IdempotencyKey& key, std::uint64_t now) {
    std::uint32_t index = key.isSet() ? keyBucket(view, key) : kNone;
    for (std::uint32_t steps = 0; index != kNone; ++steps) {
        if (!isSlotInUse(view, index) || steps == view.slotCount) {
            reportDamage(view);
            return kNone;
        }
        const ArenaSlot& slot = view.slots[index];
        if (slot.key.digest == key.digest && !isPastTtl(currentState(slot), now)) {
            return index;
        }
        index = slot.keyNext;
    }
    return kNone;
}

std::uint32_t bucketOf(const ArenaView& view, const JobOwner& owner) {
    std::uint64_t hash = (wordAt(owner.user.data()) ^ view.ownerSeed) * 0x9e37'79b9'7f4a'7c15;
    hash ^= wordAt(owner.user.data() + 8) + owner.scope * 0xd6e8'feb8'6659'fd93;
    hash *= 0xff51'afd7'ed55'8ccd;
    return static_cast<std::uint32_t>(hash >> 32) & (view.bucketCount - 1);
}

std::uint32_t newestOf(const ArenaView& view, const JobOwner& owner) {
    return view.ownerBuckets[bucketOf(view, owner)];
}

void linkSlot(const ArenaView& view, std::uint32_t index, std::uint32_t mostSteps) {
    ArenaSlot& slot = view.slots[index];
    std::uint32_t& sameHash = idBucket(view, slot.id);
    slot.idNext = sameHash;
    sameHash = index;
    EDGERUN_CRASH_POINT(slot_linked_by_id);
    if (isKeyed(slot)) {
        std::uint32_t& sameKey = keyBucket(view, slot.key);
        slot.keyNext = sameKey;
        EDGERUN_CRASH_POINT(key_half_linked);
        sameKey = index;
    }
    EDGERUN_CRASH_POINT(slot_half_linked);
    linkByOwner(view, index, mostSteps);
    EDGERUN_CRASH_POINT(slot_linked_by_owner);
    if (isLive(currentState(slot))) {
        linkLive(view, index);
    }
}

void unlinkSlot(const ArenaView& view, std::uint32_t index) {
    ArenaSlot& slot = view.slots[index];
    if (isLive(currentState(slot))) {
        unlinkLive(view, index, currentState(slot));
    } else {
        unlinkFinished(view, index);
    }
    EDGERUN_CRASH_POINT(slot_half_unlinked);
    if (isKeyed(slot)) {
        unlinkKey(view, index);
    }
    unlinkFromChain(view, index, idBucket(view, slot.id), &ArenaSlot::idNext);
    EDGERUN_CRASH_POINT(slot_unlinked_by_id);
    std::uint32_t noTail = index;
    unlinkFrom(view, index, &ArenaSlot::ownerLinks, view.ownerBuckets[bucketOf(view, slot.owner)],
               noTail);
}

/// Almost always the last; jobs that come back, or had much to clean up, have settled earlier
/// than some before them.
void linkFinished(const ArenaView& view, std::uint32_t index) {
    ArenaHeader& header = *view.header;
    const std::uint64_t expiresAt = currentState(view.slots[index]).expiresAt;
    Links place{header.finishedTail, kNone};
    for (std::uint32_t steps = 0; steps < kStepsOfFinished && isSlotInUse(view, place.prev);
         ++steps) {
        const ArenaSlot& before = view.slots[place.prev];
        if (currentState(before).expiresAt <= expiresAt) {
            break;
        }
        place = {before.stageLinks.prev, place.prev};
    }
    linkInto(view, index, &ArenaSlot::stageLinks, place, header.finishedHead, header.finishedTail);
}

void unlinkKey(const ArenaView& view, std::uint32_t index) {
    unlinkFromChain(view, index, keyBucket(view, view.slots[index].key), &ArenaSlot::keyNext);
}

bool isOwnedBy(const ArenaSlot& slot, const JobOwner& owner) {
    return CRYPTO_memcmp(&slot.owner, &owner, sizeof(owner)) == 0;
}

}  // namespace edgerun::store
