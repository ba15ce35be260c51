#include "edgerun/store/quota_counters.h"

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
    EXPECT_EQ(counters.keep(idNumber(1)).size(), QuotaCounters::kMostClaims);
    EXPECT_EQ(counters.settle(idNumber(1), 0).size(), QuotaCounters::kMostClaims);
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
    EXPECT_EQ(counters.giveBack(idNumber(1)).size(), 2u);
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
    EXPECT_EQ(counters.keep(idNumber(1)).size(), 1u);
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
    }
    counters.keep(idNumber(5));
    const auto after = allHolds(counters);
    ASSERT_EQ(after.size(), 1u);
    EXPECT_TRUE(after[0].isAccepted);
    EXPECT_EQ(holdRecords(counters)[0].key, quotaKey(1));
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

}  // namespace

}  // namespace edgerun::store
