#include "edgerun/store/quota_counters.h"

#include <random>

#include "store_quota_fixture.h"

namespace edgerun::store {

namespace {

using Outcome = QuotaOutcome;

TEST_F(QuotaCountersTest, TakesUpToTheLimit) {
    for (std::uint64_t job = 1; job <= 3; ++job) {
        const QuotaTaken taken = take(job, {claimOf(1, 3)});
        EXPECT_EQ(taken.outcome, Outcome::Taken);
        ASSERT_EQ(taken.uses.size(), 1u);
        EXPECT_EQ(taken.uses[0].used, job);
        EXPECT_EQ(taken.uses[0].window.begin, minuteOf(kNow).begin);
        EXPECT_EQ(taken.uses[0].window.end, minuteOf(kNow).end);
        EXPECT_FALSE(taken.exceeded[0]);
    }
    const QuotaTaken taken = take(4, {claimOf(1, 3)});
    EXPECT_EQ(taken.outcome, Outcome::Spent);
    EXPECT_EQ(taken.uses[0].used, 3u);
    EXPECT_TRUE(taken.exceeded[0]);
    EXPECT_TRUE(taken.records.empty());
    EXPECT_EQ(used(1), 3u);
    EXPECT_EQ(used(2), 0u);
    EXPECT_EQ(outcome(5, {claimOf(2, 3)}), Outcome::Taken);
}

TEST_F(QuotaCountersTest, TakesNothingForNoClaims) {
    const QuotaTaken taken = take(1, {});
    EXPECT_EQ(taken.outcome, Outcome::Taken);
    EXPECT_TRUE(taken.records.empty());
    EXPECT_EQ(counters.gauges().holds, 0u);
}

TEST_F(QuotaCountersTest, TakesAllOrNothing) {
    ASSERT_EQ(outcome(1, {claimOf(2, 1)}), Outcome::Taken);
    const QuotaTaken taken = take(2, {claimOf(1, 9), claimOf(2, 1), claimOf(3, 9)});
    EXPECT_EQ(taken.outcome, Outcome::Spent);
    EXPECT_EQ(taken.exceeded, (std::vector<bool>{false, true, false}));
    EXPECT_EQ(used(1), 0u);
    EXPECT_EQ(used(2), 1u);
    EXPECT_EQ(used(3), 0u);
    EXPECT_EQ(counters.gauges().counters, 1u);
    EXPECT_EQ(counters.gauges().holds, 1u);
}

TEST_F(QuotaCountersTest, AddsUpClaimsOfOneKey) {
    EXPECT_EQ(outcome(1, {claimOf(1, 4, 2), claimOf(1, 9, 3)}), Outcome::Spent);
    EXPECT_EQ(outcome(1, {claimOf(1, 9, 3), claimOf(1, 4, 2)}), Outcome::Spent);
    EXPECT_EQ(used(1), 0u);
    const QuotaTaken taken = take(1, {claimOf(1, 5, 2), claimOf(1, 9, 3)});
    EXPECT_EQ(taken.outcome, Outcome::Taken);
    EXPECT_EQ(taken.uses[0].used, 5u);
    EXPECT_EQ(taken.uses[1].used, 5u);
    counters.giveBack(idNumber(1));
    EXPECT_EQ(used(1), 0u);
}

TEST_F(QuotaCountersTest, SettlesEachClaimOfOneKey) {
    take(1, {settledClaim(1, 5000, 1000), settledClaim(1, 5000, 1000)});
    EXPECT_EQ(reserved(1), 2000u);
    counters.settle(idNumber(1), 300);
    EXPECT_EQ(used(1), 600u);
}

TEST_F(QuotaCountersTest, HasNoMoreClaimsThanItSays) {
    std::vector<QuotaClaim> claims;
    for (std::uint64_t key = 0; key < QuotaCounters::kMostClaims; ++key) {
        claims.push_back(settledClaim(key, 1, 1));
    }
    EXPECT_EQ(outcome(1, claims), Outcome::Taken);
    EXPECT_EQ(counters.keep(idNumber(1)).size(), 2 * QuotaCounters::kMostClaims);
    EXPECT_EQ(counters.settle(idNumber(1), 0).size(), 1 + 2 * QuotaCounters::kMostClaims);
    EXPECT_EQ(counters.gauges().holds, 0u);
    claims.push_back(claimOf(99, 1));
    const QuotaTaken taken = take(2, claims);
    EXPECT_EQ(taken.outcome, Outcome::Full);
    EXPECT_EQ(taken.uses.size(), claims.size());
    EXPECT_EQ(used(0), 0u);
}

TEST_F(QuotaCountersTest, GivesBackWhatWasTaken) {
    take(1, {claimOf(1, 2), settledClaim(2, 500, 400)});
    take(2, {claimOf(1, 2)});
    EXPECT_EQ(outcome(3, {claimOf(1, 2)}), Outcome::Spent);
    EXPECT_EQ(counters.giveBack(idNumber(1)).size(), 5u);
    EXPECT_EQ(used(1), 1u);
    EXPECT_EQ(used(2), 0u);
    EXPECT_EQ(reserved(2), 0u);
    EXPECT_EQ(outcome(3, {claimOf(1, 2)}), Outcome::Taken);
    EXPECT_TRUE(counters.giveBack(idNumber(1)).empty());
    EXPECT_EQ(used(1), 2u);
}

TEST_F(QuotaCountersTest, GivesBackAllThatAJobTookInSeveralCalls) {
    take(1, {claimOf(1, 9, 2)});
    take(1, {claimOf(1, 9, 3)});
    EXPECT_EQ(used(1), 5u);
    counters.giveBack(idNumber(1));
    EXPECT_EQ(used(1), 0u);
    EXPECT_EQ(counters.gauges().holds, 0u);
}

TEST_F(QuotaCountersTest, KeepsWhatWasTaken) {
    take(1, {claimOf(1, 2)});
    EXPECT_EQ(allHolds(counters).size(), 1u);
    EXPECT_EQ(counters.keep(idNumber(1)).size(), 3u);
    EXPECT_EQ(allHolds(counters).size(), 0u);
    EXPECT_TRUE(counters.keep(idNumber(1)).empty());
    EXPECT_TRUE(counters.giveBack(idNumber(1)).empty());
    EXPECT_TRUE(counters.settle(idNumber(1), 5).empty());
    EXPECT_EQ(used(1), 1u);
}

TEST_F(QuotaCountersTest, SettlesAReservationAtTheEnd) {
    struct Case {
        std::optional<std::uint64_t> amount;
        std::uint64_t used;
    };
    std::uint64_t key = 0;
    for (const Case& end : {Case{700, 700}, Case{1500, 1500}, Case{0, 0}, Case{std::nullopt, 1000},
                            Case{1000, 1000}, Case{UINT64_MAX, INT64_MAX}}) {
        ++key;
        take(key, {settledClaim(key, 5000, 1000), claimOf(100 + key, 5)});
        EXPECT_EQ(reserved(key), 1000u);
        counters.keep(idNumber(key));
        EXPECT_EQ(reserved(key), 1000u);
        EXPECT_EQ(used(key), 1000u);
        counters.settle(idNumber(key), end.amount);
        EXPECT_EQ(used(key), end.used);
        EXPECT_EQ(reserved(key), 0u);
        EXPECT_EQ(used(100 + key), 1u);
        EXPECT_TRUE(counters.settle(idNumber(key), 3).empty());
        EXPECT_EQ(used(key), end.used);
    }
    EXPECT_EQ(counters.gauges().holds, 0u);
}

TEST_F(QuotaCountersTest, SettlesAJobOfWhichNobodySaidThatItIsAccepted) {
    take(1, {settledClaim(1, 5000, 1000), claimOf(2, 5)});
    counters.settle(idNumber(1), 7);
    EXPECT_EQ(used(1), 7u);
    EXPECT_EQ(used(2), 1u);
    EXPECT_EQ(counters.gauges().holds, 0u);
}

TEST_F(QuotaCountersTest, SettlesAboveTheLimit) {
    take(1, {settledClaim(1, 1000, 1000)});
    counters.settle(idNumber(1), 2500);
    EXPECT_EQ(used(1), 2500u);
    EXPECT_EQ(outcome(2, {settledClaim(1, 1000, 0)}), Outcome::Spent);
    EXPECT_EQ(outcome(2, {settledClaim(1, 2500, 0)}), Outcome::Taken);
}

TEST_F(QuotaCountersTest, TellsHolds) {
    counters.take({idNumber(5), 42, 4711}, {settledClaim(1, 5000, 1000), claimOf(2, 5)}, kNow + 9);
    const auto before = allHolds(counters, 1);
    ASSERT_EQ(before.size(), 2u);
    for (const QuotaHold& hold : before) {
        EXPECT_EQ(hold.holder.job, idNumber(5));
        EXPECT_EQ(hold.holder.jobZone, 42u);
        EXPECT_EQ(hold.holder.pid, 4711);
        EXPECT_EQ(hold.takenAt, kNow + 9);
        EXPECT_FALSE(hold.isAccepted);
        EXPECT_FALSE(hold.isRestored);
        EXPECT_EQ(hold.window.begin, minuteOf(kNow).begin);
        EXPECT_EQ(hold.window.end, minuteOf(kNow).end);
        EXPECT_EQ(hold.amount, hold.key == quotaKey(1) ? 1000u : 1u);
    }
    counters.keep(idNumber(5));
    const auto after = allHolds(counters);
    ASSERT_EQ(after.size(), 1u);
    EXPECT_TRUE(after[0].isAccepted);
    EXPECT_EQ(after[0].key, quotaKey(1));
}

TEST_F(QuotaCountersTest, HasNoLimit) {
    EXPECT_EQ(outcome(1, {claimOf(1, UINT64_MAX, UINT64_MAX)}), Outcome::Taken);
    EXPECT_EQ(used(1), std::uint64_t{INT64_MAX});
    EXPECT_EQ(outcome(2, {claimOf(1, UINT64_MAX, 5)}), Outcome::Taken);
    EXPECT_EQ(outcome(3, {claimOf(1, UINT64_MAX - 1, 5)}), Outcome::Taken);
    EXPECT_EQ(outcome(4, {claimOf(1, 1000, 5)}), Outcome::Spent);
    // What did not fit was not taken, so it is not given back either.
    counters.giveBack(idNumber(2));
    EXPECT_EQ(used(1), std::uint64_t{INT64_MAX});
    counters.giveBack(idNumber(1));
    EXPECT_EQ(used(1), 0u);
}

TEST_F(QuotaCountersTest, DoesNotRunOver) {
    EXPECT_EQ(outcome(1, {claimOf(1, 10, UINT64_MAX)}), Outcome::Spent);
    EXPECT_EQ(outcome(1, {claimOf(1, 10, UINT64_MAX), claimOf(1, 10, 2)}), Outcome::Spent);
    EXPECT_EQ(outcome(1, {claimOf(1, 10, 3)}), Outcome::Taken);
    EXPECT_EQ(outcome(2, {claimOf(1, 10, UINT64_MAX - 2)}), Outcome::Spent);
    EXPECT_EQ(outcome(3, {claimOf(1, 10, 7)}), Outcome::Taken);
    EXPECT_EQ(outcome(4, {claimOf(1, 0, 0)}), Outcome::Spent);
    EXPECT_EQ(outcome(5, {claimOf(2, 0, 1)}), Outcome::Spent);
    EXPECT_EQ(outcome(6, {claimOf(2, 0, 0)}), Outcome::Taken);
}

TEST_F(QuotaCountersTest, ADryRunCountsAndRefusesNothing) {
    for (std::uint64_t job = 1; job <= 3; ++job) {
        const QuotaTaken taken = take(job, {dryRun(claimOf(1, 2)), claimOf(2, 9)});
        EXPECT_EQ(taken.outcome, Outcome::Taken);
        EXPECT_EQ(taken.exceeded, (std::vector<bool>{job > 2, false}));
        EXPECT_EQ(taken.uses[0].used, job);
    }
    counters.giveBack(idNumber(3));
    EXPECT_EQ(used(1), 2u);
    EXPECT_EQ(used(2), 2u);
    EXPECT_EQ(outcome(4, {dryRun(claimOf(1, 2)), claimOf(2, 2)}), Outcome::Spent);
    EXPECT_EQ(used(1), 2u);
}

TEST_F(QuotaCountersTest, ADryRunBesideALimitOfTheSameKeyRefusesNothing) {
    EXPECT_EQ(outcome(1, {dryRun(claimOf(1, 1, 5)), claimOf(1, 3, 3)}), Outcome::Taken);
    EXPECT_EQ(used(1), 8u);
}

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
    EXPECT_EQ(allHolds(counters).back().window.begin, minuteOf(kNow, 1).begin);
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
    EXPECT_EQ(allHolds(counters)[0].key, quotaKey(1));
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
    EXPECT_EQ(taken.records.size(), 2u);
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

// --- memory ---

TEST(QuotaMemoryTest, IsRefusedWhereItIsTooSmall) {
    ArenaMemory memory(QuotaCounters::kMinimumBytes);
    EXPECT_FALSE(QuotaCounters::format(memory.data(), memory.size() - 1));
    EXPECT_TRUE(QuotaCounters::format(memory.data(), memory.size()));
}

TEST(QuotaMemoryTest, IsKnownByItsHeader) {
    ArenaMemory memory(QuotaCounters::kMinimumBytes + 64);
    SingleThreadLock lock;
    const auto isKnown = [&](std::size_t bytes) {
        return QuotaCounters::attach(memory.data(), bytes, lock).has_value();
    };
    EXPECT_FALSE(isKnown(memory.size()));
    ASSERT_TRUE(QuotaCounters::format(memory.data(), memory.size()));
    EXPECT_TRUE(isKnown(memory.size()));
    EXPECT_FALSE(isKnown(memory.size() - 64));
    EXPECT_FALSE(isKnown(100));
    for (const std::size_t at : {0, 8, 12, 16}) {
        memory.data()[at] ^= 1;
        EXPECT_FALSE(isKnown(memory.size())) << at;
        memory.data()[at] ^= 1;
    }
    EXPECT_TRUE(isKnown(memory.size()));
}

TEST(QuotaMemoryTest, IsSharedByAllThatAttach) {
    ArenaMemory memory(QuotaCounters::kMinimumBytes);
    SingleThreadLock lock;
    ASSERT_TRUE(QuotaCounters::format(memory.data(), memory.size()));
    auto one = *QuotaCounters::attach(memory.data(), memory.size(), lock);
    one.take(holderNumber(1), {claimOf(1, 5)}, kNow);
    one.setJournalNumber(7);
    auto other = *QuotaCounters::attach(memory.data(), memory.size(), lock);
    EXPECT_EQ(other.use(quotaKey(1), minuteOf(kNow)).used, 1u);
    EXPECT_EQ(other.journalNumber(), 7u);
    EXPECT_EQ(other.keep(idNumber(1)).size(), 3u);
}

TEST_F(QuotaCountersTest, SurvivesMemoryThatAnythingWroteInto) {
    std::mt19937 random(7);
    for (int round = 0; round < 3000; ++round) {
        ASSERT_TRUE(QuotaCounters::format(memory.data(), memory.size()));
        counters = *QuotaCounters::attach(memory.data(), memory.size(), lock);
        for (std::uint64_t job = 1; job <= 12; ++job) {
            take(job, {claimOf(job % 5, 100), settledClaim(10 + job % 3, 10'000, 500)});
            if (job % 3 == 0) {
                counters.keep(idNumber(job));
            }
        }
        for (int change = 0; change < 20; ++change) {
            // The magic and the counts were checked when the memory was attached.
            const std::size_t at = round % 3 == 0   ? 24 + random() % (memory.size() - 24)
                                   : round % 3 == 1 ? 24 + random() % 4096
                                                    : memory.size() - 1 - random() % 4096;
            memory.data()[at] = static_cast<char>(random() % 4 == 0 ? 0xff : random());
        }
        for (std::uint64_t job = 1; job <= 12; ++job) {
            take(20 + job, {claimOf(job % 5, 100), settledClaim(10 + job % 3, 10'000, 500)});
            counters.settle(idNumber(job), 20);
            counters.keep(idNumber(20 + job));
            counters.restore({QuotaRecord::Kind::Release,
                              1000 + job,
                              {},
                              {},
                              0,
                              holderNumber(job),
                              false,
                              false,
                              1},
                             kNow);
        }
        allHolds(counters);
        allRecords(counters);
        counters.gauges();
        counters.use(quotaKey(1), minuteOf(kNow));
    }
}

// --- against a model ---

/// The same, done naively.
class Model {
public:
    struct Hold {
        std::uint64_t job, key, amount, claims;
        std::int64_t begin;
        bool isSettled;
    };
    struct Counter {
        std::int64_t begin = INT64_MIN;
        std::uint64_t used = 0;
    };

    bool take(std::uint64_t job, const std::vector<QuotaClaim>& claims,
              const std::vector<std::uint64_t>& keys) {
        for (std::size_t at = 0; at < claims.size(); ++at) {
            const Counter& counter = counters[keys[at]];
            const std::uint64_t used = claims[at].window.begin > counter.begin ? 0 : counter.used;
            if (!claims[at].isDryRun && used + claims[at].amount > claims[at].limit) {
                return false;
            }
        }
        for (std::size_t at = 0; at < claims.size(); ++at) {
            Counter& counter = counters[keys[at]];
            if (claims[at].window.begin > counter.begin) {
                counter = {claims[at].window.begin, 0};
            }
            counter.used += claims[at].amount;
            holds.push_back(
                {job, keys[at], claims[at].amount, 1, counter.begin, claims[at].isSettled});
        }
        return true;
    }

    template <typename CountsOf>
    void end(std::uint64_t job, CountsOf countsOf) {
        for (std::size_t at = 0; at < holds.size();) {
            const Hold hold = holds[at];
            const std::optional<std::uint64_t> counts = countsOf(hold);
            if (hold.job != job || !counts) {
                ++at;
                continue;
            }
            Counter& counter = counters[hold.key];
            if (counter.begin == hold.begin) {
                counter.used = counter.used - hold.amount + *counts;
            }
            holds.erase(holds.begin() + static_cast<std::ptrdiff_t>(at));
        }
    }

    std::uint64_t reservedOf(std::uint64_t key) {
        std::uint64_t sum = 0;
        for (const Hold& hold : holds) {
            const bool isOfIt = hold.key == key && hold.begin == counters[key].begin;
            sum += isOfIt && hold.isSettled ? hold.amount : 0;
        }
        return sum;
    }

    std::map<std::uint64_t, Counter> counters;
    std::vector<Hold> holds;
};

TEST_F(QuotaCountersTest, DoesWhatAModelDoes) {
    std::mt19937 random(42);
    Model model;
    std::int64_t now = kNow;
    std::uint64_t lastJob = 0;
    for (int step = 0; step < 40'000; ++step) {
        const std::uint64_t job = lastJob - std::min<std::uint64_t>(lastJob, random() % 20);
        std::vector<QuotaClaim> claims;
        std::vector<std::uint64_t> keys;
        switch (random() % 7) {
            case 0:
            case 1:
            case 2:
                for (std::uint64_t key = random() % 4; key < 12; key += 1 + random() % 9) {
                    claims.push_back(claimOf(key, random() % 30, random() % 4, now));
                    claims.back().isSettled = key % 2 == 0;
                    claims.back().isDryRun = random() % 4 == 0;
                    keys.push_back(key);
                }
                ++lastJob;
                // Clocks go back, too.
                ASSERT_EQ(outcome(lastJob, claims, now) == Outcome::Taken,
                          model.take(lastJob, claims, keys));
                break;
            case 3:
                counters.keep(idNumber(job));
                model.end(job, [](const Model::Hold& hold) {
                    return hold.isSettled ? std::nullopt : std::optional(hold.amount);
                });
                break;
            case 4:
                counters.giveBack(idNumber(job));
                model.end(job, [](const Model::Hold&) { return std::optional<std::uint64_t>(0); });
                break;
            case 5: {
                const std::uint64_t amount = random() % 9;
                counters.settle(idNumber(job), amount);
                model.end(job, [amount](const Model::Hold& hold) {
                    return std::optional(hold.isSettled ? amount : hold.amount);
                });
                break;
            }
            case 6:
                now += random() % 20 == 0 ? static_cast<std::int64_t>(random() % 3 - 1) * kMinute
                                          : 100;
                break;
        }
        const std::uint64_t key = random() % 12;
        const QuotaUse use = counters.use(quotaKey(key), {model.counters[key].begin, INT64_MAX});
        ASSERT_EQ(use.used, model.counters[key].used) << "step " << step << " key " << key;
        ASSERT_EQ(use.reserved, model.reservedOf(key)) << "step " << step;
        if (model.holds.size() > 60) {
            model.end(model.holds[0].job,
                      [](const Model::Hold&) { return std::optional<std::uint64_t>(0); });
            for (const QuotaHold& hold : allHolds(counters)) {
                const auto of = [&hold](const Model::Hold& known) {
                    return idNumber(known.job) == hold.holder.job;
                };
                if (std::none_of(model.holds.begin(), model.holds.end(), of)) {
                    counters.giveBack(hold.holder.job);
                }
            }
        }
    }
    EXPECT_EQ(allHolds(counters).size(), model.holds.size());
    EXPECT_EQ(counters.gauges().repairs, 0u);
    EXPECT_GT(lastJob, 10'000u);
}

}  // namespace

}  // namespace edgerun::store
