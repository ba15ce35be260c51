#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "../../src/store/arena_index.h"
#include "../../src/store/arena_layout.h"
#include "../../src/store/arena_live.h"
#include "../../src/store/arena_slots.h"

/// What must hold between an arena's slots and everything that is derived from them.
namespace edgerun::store {

class IndexCheck {
public:
    IndexCheck(void* memory, std::size_t bytes, const JobArena& arena)
        : view_(*viewMemory(memory, bytes, arena.limits())) {
        std::memcpy(&view_.ownerSeed, arena.idSecret().data(), sizeof(view_.ownerSeed));
    }

    void expectSound() const {
        expectAllById();
        expectAllByKey();
        expectAllByOwner();
        expectLiveOnes();
        expectFinishedOnes();
        expectCounts();
    }

    /// Whatever happens, the next job that ends finds its blocks. (After damage only its remains.)
    void expectReserve() const {
        EXPECT_GE(view_.header->blocksFree, kReservedBlocks + view_.header->owed);
    }

private:
    using Counts = std::vector<int>;
    using Belongs = bool (*)(const ArenaSlot&);

    static bool isAny(const ArenaSlot&) { return true; }
    static bool isKeyed(const ArenaSlot& slot) {
        return slot.key.isSet() && !currentState(slot).record.erased;
    }
    static bool isLiveJob(const ArenaSlot& slot) { return isLive(currentState(slot)); }
    static bool isFinishedJob(const ArenaSlot& slot) { return !isLive(currentState(slot)); }

    /// Is each job that belongs there found once, and no other?
    void expectOnce(const Counts& found, Belongs belongs, const char* where) const {
        for (std::uint32_t index = 0; index < view_.header->slotsTouched; ++index) {
            const ArenaSlot& slot = view_.slots[index];
            const bool isExpected = slot.inUse == kSlotInUse && belongs(slot);
            EXPECT_EQ(found[index], isExpected ? 1 : 0) << "slot " << index << " " << where;
        }
    }

    Counts none() const { return Counts(view_.slotCount); }

    template <typename Next>
    void count(Counts& found, std::uint32_t head, Next next) const {
        for (std::uint32_t index = head; index != kNone; index = next(view_.slots[index])) {
            ASSERT_LT(index, view_.slotCount);
            ASSERT_LE(++found[index], 1) << "a cycle";
        }
    }

    void expectAllById() const {
        Counts counts = none();
        for (std::uint32_t bucket = 0; bucket < view_.bucketCount; ++bucket) {
            count(counts, view_.idBuckets[bucket], [](const ArenaSlot& s) { return s.idNext; });
        }
        expectOnce(counts, isAny, "by id");
        for (std::uint32_t index = 0; index < view_.header->slotsTouched; ++index) {
            const ArenaSlot& slot = view_.slots[index];
            if (slot.inUse == kSlotInUse) {
                const std::uint32_t found = findSlot(view_, slot.id);
                EXPECT_TRUE(found != kNone && view_.slots[found].id == slot.id);
            }
        }
    }

    void expectAllByKey() const {
        Counts found = none();
        for (std::uint32_t bucket = 0; bucket < view_.bucketCount; ++bucket) {
            count(found, view_.keyBuckets[bucket], [](const ArenaSlot& s) { return s.keyNext; });
        }
        expectOnce(found, isKeyed, "by key");
        for (std::uint32_t index = 0; index < view_.header->slotsTouched; ++index) {
            const ArenaSlot& slot = view_.slots[index];
            if (slot.inUse == kSlotInUse && isKeyed(slot)) {
                EXPECT_NE(findSlot(view_, slot.key, 0), kNone);
            }
        }
    }

    void expectAllByOwner() const {
        Counts found = none();
        for (std::uint32_t bucket = 0; bucket < view_.bucketCount; ++bucket) {
            const ArenaSlot* newer = nullptr;
            std::uint32_t before = kNone;
            count(found, view_.ownerBuckets[bucket], [&](const ArenaSlot& slot) {
                EXPECT_EQ(bucketOf(view_, slot.owner), bucket);
                EXPECT_EQ(slot.ownerLinks.prev, before);
                EXPECT_TRUE(newer == nullptr || newer->id >= slot.id) << "newest first";
                newer = &slot;
                before = indexOf(view_, slot);
                return slot.ownerLinks.next;
            });
        }
        expectOnce(found, isAny, "by owner");
    }

    void expectLiveOnes() const {
        Counts found = none();
        for (std::uint32_t bucket = 0; bucket < view_.bucketCount; ++bucket) {
            for (std::uint32_t first = view_.liveBuckets[bucket]; first != kNone;
                 first = view_.slots[first].firstNext) {
                ASSERT_LT(first, view_.slotCount);
                expectOwnersLiveOnes(first, found);
            }
        }
        expectOnce(found, isLiveJob, "among live ones");
    }

    void expectOwnersLiveOnes(std::uint32_t first, Counts& found) const {
        const JobOwner& owner = view_.slots[first].owner;
        EXPECT_EQ(firstLiveOf(view_, owner), first);
        std::uint32_t open = 0;
        std::uint32_t before = kNone;
        count(found, first, [&](const ArenaSlot& slot) {
            EXPECT_TRUE(slot.owner == owner);
            EXPECT_EQ(slot.stageLinks.prev, before);
            open += isOpen(currentState(slot)) ? 1 : 0;
            before = indexOf(view_, slot);
            return slot.stageLinks.next;
        });
        EXPECT_EQ(openJobsOf(view_, owner), open);
    }

    void expectFinishedOnes() const {
        Counts found = none();
        std::uint32_t before = kNone;
        count(found, view_.header->finishedHead, [&](const ArenaSlot& slot) {
            EXPECT_EQ(slot.stageLinks.prev, before);
            before = indexOf(view_, slot);
            return slot.stageLinks.next;
        });
        EXPECT_EQ(view_.header->finishedTail, before);
        expectOnce(found, isFinishedJob, "among finished ones");
    }

    void expectCounts() const {
        ArenaHeader counted{};
        for (std::uint32_t index = 0; index < view_.header->slotsTouched; ++index) {
            if (view_.slots[index].inUse == kSlotInUse) {
                countJob(counted, currentState(view_.slots[index]));
            }
        }
        EXPECT_EQ(view_.header->open, counted.open);
        EXPECT_EQ(view_.header->owed, counted.owed);
        EXPECT_EQ(view_.header->live, counted.live);
        EXPECT_EQ(view_.header->finished, counted.finished);
        EXPECT_EQ(view_.header->finishedBlocks, counted.finishedBlocks);
        EXPECT_EQ(view_.header->continuing, counted.continuing);
    }

    ArenaView view_;
};

}  // namespace edgerun::store
