#include "store_quota_fixture.h"

/// Windows that end, and zones that are full.
namespace edgerun::store {

namespace {

using Outcome = QuotaOutcome;

// --- windows ---

TEST_F(QuotaCountersTest, BeginsAnewWithTheWindow) {
    take(1, {claimOf(1, 1)});
    EXPECT_EQ(outcome(2, {claimOf(1, 1)}), Outcome::Spent);
    EXPECT_EQ(used(1, kNow + kMinute), 0u);
    const QuotaTaken taken = take(2, {claimOf(1, 1, 1, kNow + kMinute)}, kNow + kMinute);
    EXPECT_EQ(taken.outcome, Outcome::Taken);
    EXPECT_EQ(taken.uses[0].used, 1u);
    EXPECT_EQ(taken.uses[0].window.begin, minuteOf(kNow, 1).begin);
    EXPECT_EQ(used(1, kNow + kMinute), 1u);
}

TEST_F(QuotaCountersTest, NeverGoesBackToAFormerWindow) {
    take(1, {claimOf(1, 2, 1, kNow + kMinute)}, kNow + kMinute);
    const QuotaTaken taken = take(2, {claimOf(1, 2)});
    EXPECT_EQ(taken.outcome, Outcome::Taken);
    EXPECT_EQ(taken.uses[0].used, 2u);
    EXPECT_EQ(taken.uses[0].window.begin, minuteOf(kNow, 1).begin);
    EXPECT_EQ(taken.uses[0].window.end, minuteOf(kNow, 1).end);
    EXPECT_EQ(holdRecords(counters).back().window.begin, minuteOf(kNow, 1).begin);
    EXPECT_EQ(outcome(3, {claimOf(1, 2)}), Outcome::Spent);
    const QuotaUse use = counters.use(quotaKey(1), minuteOf(kNow));
    EXPECT_EQ(use.used, 2u);
    EXPECT_EQ(use.window.begin, minuteOf(kNow, 1).begin);
    EXPECT_EQ(outcome(4, {claimOf(1, 2, 1, kNow + kMinute)}), Outcome::Spent);
}

TEST_F(QuotaCountersTest, WhatIsSpentOpensNoWindow) {
    take(1, {claimOf(1, 1), claimOf(2, 1, 1, kNow + kMinute)});
    EXPECT_EQ(outcome(2, {claimOf(1, 1, 1, kNow + kMinute), claimOf(2, 1, 1, kNow + kMinute)}),
              Outcome::Spent);
    EXPECT_EQ(counters.use(quotaKey(1), minuteOf(kNow)).used, 1u);
}

TEST_F(QuotaCountersTest, AHoldOfAFormerWindowChangesNothingInTheNext) {
    take(1, {claimOf(1, 9)});
    take(2, {settledClaim(2, 5000, 1000)});
    take(3, {settledClaim(2, 5000, 1000)});
    const std::int64_t later = kNow + kMinute;
    take(4, {claimOf(1, 9, 1, later), settledClaim(2, 5000, 50, later)}, later);
    EXPECT_EQ(reserved(2, later), 50u);
    counters.giveBack(idNumber(1));
    counters.settle(idNumber(2), 4000);
    counters.giveBack(idNumber(3));
    EXPECT_EQ(used(1, later), 1u);
    EXPECT_EQ(used(2, later), 50u);
    EXPECT_EQ(reserved(2, later), 50u);
    EXPECT_EQ(counters.gauges().holds, 2u);
    counters.settle(idNumber(4), 60);
    EXPECT_EQ(used(2, later), 60u);
    EXPECT_EQ(reserved(2, later), 0u);
}

// --- room ---

class QuotaRoomTest : public QuotaCountersTest {
protected:
    /// Takes and keeps.
    Outcome count(std::uint64_t key, std::int64_t now) {
        const Outcome outcome = this->outcome(++job, {claimOf(key, 5, 1, now)}, now);
        counters.keep(idNumber(job));
        return outcome;
    }

    std::uint64_t job = 1000;
    std::uint64_t room = counters.gauges().countersFree;
};

TEST_F(QuotaRoomTest, ALiveCounterMakesNoRoom) {
    for (std::uint64_t key = 1; key <= room; ++key) {
        ASSERT_EQ(count(key, kNow), Outcome::Taken);
    }
    EXPECT_EQ(counters.gauges().countersFree, 0u);
    EXPECT_EQ(count(room + 1, kNow), Outcome::Full);
    EXPECT_EQ(count(room + 1, minuteOf(kNow).end - 1), Outcome::Full);
    EXPECT_EQ(count(room, kNow), Outcome::Taken);
    EXPECT_EQ(counters.gauges().holds, 0u);
    EXPECT_EQ(counters.gauges().repairs, 0u);
}

TEST_F(QuotaRoomTest, CountersWhoseWindowHasEndedMakeRoom) {
    for (std::uint64_t key = 1; key <= room; ++key) {
        count(key, kNow);
    }
    for (std::uint64_t key = 1; key <= room; ++key) {
        ASSERT_EQ(count(room + key, kNow + kMinute), Outcome::Taken);
    }
    EXPECT_EQ(count(3 * room, kNow + kMinute), Outcome::Full);
    EXPECT_EQ(used(1, kNow + kMinute), 0u);
    EXPECT_EQ(used(room + 1, kNow + kMinute), 1u);
    EXPECT_EQ(counters.gauges().counters, room);
    EXPECT_EQ(counters.gauges().repairs, 0u);
}

TEST_F(QuotaRoomTest, CountersThatCountNothingMakeRoom) {
    for (std::uint64_t key = 1; key <= room; ++key) {
        take(key, {claimOf(key, 5)});
        counters.giveBack(idNumber(key));
    }
    EXPECT_EQ(count(room + 1, kNow), Outcome::Taken);
    EXPECT_EQ(used(room + 1), 1u);
}

TEST_F(QuotaRoomTest, ACounterThatIsHeldMakesNoRoom) {
    take(1, {settledClaim(1, 5000, 1000)});
    for (std::uint64_t key = 2; key <= room; ++key) {
        count(key, kNow);
    }
    for (std::uint64_t key = 2; key <= room; ++key) {
        ASSERT_EQ(count(room + key, kNow + kMinute), Outcome::Taken);
    }
    EXPECT_EQ(count(3 * room, kNow + kMinute), Outcome::Full);
    EXPECT_EQ(holdRecords(counters)[0].key, quotaKey(1));
    counters.settle(idNumber(1), 2);
    EXPECT_EQ(count(3 * room, kNow + kMinute), Outcome::Taken);
}

TEST_F(QuotaRoomTest, ClaimsOfOneCallDoNotMakeRoomForEachOther) {
    for (std::uint64_t key = 1; key <= room; ++key) {
        count(key, kNow);
    }
    const std::int64_t later = kNow + kMinute;
    for (std::uint64_t key = 2; key <= room; ++key) {
        count(room + key, later);
    }
    // Only counter 1 has ended: it is needed itself.
    EXPECT_EQ(outcome(1, {claimOf(1, 5, 1, later), claimOf(9 * room, 5, 1, later)}, later),
              Outcome::Full);
    EXPECT_EQ(counters.gauges().holds, 0u);
    EXPECT_EQ(outcome(1, {claimOf(9 * room, 5, 1, later)}, later), Outcome::Taken);
}

TEST_F(QuotaRoomTest, WhatIsFullTakesNothing) {
    for (std::uint64_t key = 1; key < room; ++key) {
        count(key, kNow);
    }
    EXPECT_EQ(outcome(1, {claimOf(room, 5), claimOf(room + 1, 5), claimOf(1, 5)}), Outcome::Full);
    EXPECT_EQ(counters.gauges().holds, 0u);
    EXPECT_EQ(counters.gauges().countersFree, 1u);
    EXPECT_EQ(used(1), 1u);
    EXPECT_EQ(outcome(2, {claimOf(room, 5), claimOf(1, 5)}), Outcome::Taken);
}

TEST_F(QuotaRoomTest, HoldsMakeNoRoom) {
    const std::uint64_t holds = counters.gauges().holdsFree;
    for (std::uint64_t number = 1; number <= holds; ++number) {
        ASSERT_EQ(outcome(number, {claimOf(1, 1000)}), Outcome::Taken);
    }
    const QuotaTaken taken = take(holds + 1, {claimOf(1, 1000)});
    EXPECT_EQ(taken.outcome, Outcome::Full);
    EXPECT_EQ(taken.uses[0].used, holds);
    EXPECT_EQ(used(1), holds);
    EXPECT_EQ(allHolds(counters).size(), holds);
    counters.keep(idNumber(7));
    EXPECT_EQ(outcome(holds + 1, {claimOf(1, 1000)}), Outcome::Taken);
}

TEST_F(QuotaRoomTest, ADryRunWithoutRoomIsNotCounted) {
    for (std::uint64_t key = 1; key <= room; ++key) {
        count(key, kNow);
    }
    const QuotaTaken taken = take(1, {dryRun(claimOf(room + 1, 5)), claimOf(1, 5)});
    EXPECT_EQ(taken.outcome, Outcome::Taken);
    EXPECT_EQ(taken.uses[0].used, 0u);
    EXPECT_EQ(taken.uses[1].used, 2u);
    EXPECT_EQ(taken.records.size(), 1u);
    EXPECT_EQ(counters.gauges().holds, 1u);
    EXPECT_EQ(outcome(2, {dryRun(claimOf(room + 1, 5))}), Outcome::Taken);
}

TEST_F(QuotaRoomTest, TheLastRoomIsForWhatIsEnforced) {
    for (std::uint64_t key = 1; key < room; ++key) {
        count(key, kNow);
    }
    const QuotaTaken taken = take(1, {dryRun(claimOf(room + 1, 5)), claimOf(room, 5)});
    EXPECT_EQ(taken.outcome, Outcome::Taken);
    EXPECT_EQ(taken.uses[1].used, 1u);
}

TEST_F(QuotaRoomTest, AClockThatGoesBackOpensNoWindowThatIsForgotten) {
    for (std::uint64_t key = 1; key <= room; ++key) {
        count(key, kNow);
    }
    const std::int64_t later = minuteOf(kNow).end;
    for (std::uint64_t key = 1; key <= room / 2; ++key) {
        count(room + key, later);
    }
    take(1, {claimOf(7 * room, 5, 1, later)}, later);
    counters.giveBack(idNumber(1));
    // Counter 1 is no more; nobody knows what it had counted in the minute that is over.
    const QuotaTaken taken = take(1, {claimOf(1, 5, 1, later - 1)}, later - 1);
    EXPECT_EQ(taken.outcome, Outcome::Taken);
    EXPECT_EQ(taken.uses[0].window.begin, later);
    EXPECT_EQ(taken.uses[0].window.end, later + kMinute);
    EXPECT_EQ(used(1, later), 1u);
    EXPECT_EQ(counters.use(quotaKey(9999), minuteOf(kNow)).window.begin, later);
}

}  // namespace

}  // namespace edgerun::store
