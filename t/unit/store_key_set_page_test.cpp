#include <string>

#include "store_key_set_page_fixture.h"

namespace edgerun::store {

namespace {

// --- the set ---

TEST_F(KeySetPageTest, HasNoSetAtFirst) {
    EXPECT_EQ(page.epoch(), 0u);
    EXPECT_EQ(page.read().epoch, 0u);
    EXPECT_EQ(page.read().bytes, "");
}

TEST_F(KeySetPageTest, GivesWhatWasPublished) {
    EXPECT_TRUE(publishNow("one").isNew);
    EXPECT_EQ(page.read().bytes, "one");
    EXPECT_EQ(page.read().epoch, page.epoch());
    EXPECT_NE(page.epoch(), 0u);
}

TEST_F(KeySetPageTest, AnotherViewOfTheMemorySeesTheSame) {
    publishNow("one");
    SingleThreadLock otherLock;
    const KeySetPage other(memory.data(), otherLock);
    EXPECT_EQ(other.read().bytes, "one");
    EXPECT_EQ(other.epoch(), page.epoch());
}

TEST_F(KeySetPageTest, EachNewSetHasANewEpoch) {
    std::uint64_t last = 0;
    for (const std::string set : {"a", "bb", "a", "", "a", "ccc"}) {
        EXPECT_TRUE(publishNow(set).isNew);
        EXPECT_GT(page.epoch(), last);
        EXPECT_EQ(page.read().bytes, set);
        last = page.epoch();
        now += kTimes.refresh;
    }
}

TEST_F(KeySetPageTest, TheSameBytesAreNoNewSet) {
    publishNow("one");
    const std::uint64_t epoch = page.epoch();
    now += kTimes.refresh;
    const FetchEnd again = publishNow("one");
    EXPECT_TRUE(again.counts);
    EXPECT_FALSE(again.isNew);
    EXPECT_EQ(page.epoch(), epoch);
}

TEST_F(KeySetPageTest, HoldsASetOfTheFullSizeAndNoLargerOne) {
    const std::string full(kMaxSet, 'x');
    EXPECT_TRUE(publishNow(full).isNew);
    now += kTimes.refresh;
    EXPECT_FALSE(publishNow(full + "x").counts);
    EXPECT_EQ(page.read().bytes, full);
}

// --- turns ---

TEST_F(KeySetPageTest, TheFirstFetchIsDueAtOnce) {
    EXPECT_TRUE(scheduled());
}

TEST_F(KeySetPageTest, OneProcessFetchesAtATime) {
    const auto turn = scheduled();
    EXPECT_EQ(turn->startedAt, now);
    EXPECT_FALSE(scheduled());
    EXPECT_FALSE(forUnknown());
}

TEST_F(KeySetPageTest, TheTurnOfADeadProcessRunsOut) {
    const auto dead = *scheduled();
    now += kTurnLasts - 1;
    EXPECT_FALSE(scheduled());
    now++;
    const auto next = *scheduled();
    EXPECT_NE(next.number, dead.number);
    EXPECT_FALSE(page.publish(dead, "late", now).counts);
    EXPECT_FALSE(page.fail(dead, now).counts);
    page.giveBack(dead);
    EXPECT_EQ(page.epoch(), 0u);
    EXPECT_TRUE(page.publish(next, "right", now).counts);
}

TEST_F(KeySetPageTest, ALateAnswerCountsWhileNobodyElseHasTheTurn) {
    const auto turn = *scheduled();
    now += 2 * kTurnLasts;
    EXPECT_TRUE(page.publish(turn, "late", now).counts);
    EXPECT_FALSE(page.publish(turn, "twice", now).counts);
}

TEST_F(KeySetPageTest, ATurnThatIsGivenBackIsDueAtOnce) {
    publishNow("one");
    page.giveBack(*forUnknown());
    EXPECT_TRUE(scheduled());
}

TEST_F(KeySetPageTest, ADeadProcessesTurnForAnUnknownKeyIsTakenOver) {
    publishNow("one");
    forUnknown();
    now += kTurnLasts;
    EXPECT_TRUE(scheduled());
}

TEST_F(KeySetPageTest, AGoodSetIsRefreshedInTime) {
    publishNow("one");
    now += kTimes.refresh - 1;
    EXPECT_FALSE(scheduled());
    now++;
    EXPECT_TRUE(scheduled());
}

TEST_F(KeySetPageTest, AnotherRefreshTimeCountsAtOnce) {
    publishNow("one");
    FetchTimes shorter = kTimes;
    shorter.refresh = 1'000;
    now += 1'000;
    EXPECT_FALSE(scheduled());
    EXPECT_TRUE(page.takeTurn(FetchCause::Schedule, shorter, now));
}

TEST_F(KeySetPageTest, FailuresWithoutASetDoubleThePauseToFiveSeconds) {
    for (const std::uint64_t ms : {1'000, 2'000, 4'000, 5'000, 5'000, 5'000}) {
        failNow();
        EXPECT_EQ(pause(), ms);
    }
}

TEST_F(KeySetPageTest, FailuresWithASetDoubleThePauseToAMinute) {
    publishNow("one");
    now += kTimes.refresh;
    for (const std::uint64_t ms : {2'000, 4'000, 8'000, 16'000, 32'000, 60'000, 60'000}) {
        failNow();
        EXPECT_EQ(pause(), ms);
    }
    EXPECT_EQ(page.read().bytes, "one");
}

TEST_F(KeySetPageTest, APauseIsNoLongerThanTheRefreshTime) {
    FetchTimes often = kTimes;
    often.refresh = 3'000;
    publishNow("one");
    now += kTimes.refresh;
    failNow();
    page.fail(*page.takeTurn(FetchCause::Schedule, often, now + 2'000), now + 2'000);
    EXPECT_FALSE(page.takeTurn(FetchCause::Schedule, often, now + 4'999));
    EXPECT_TRUE(page.takeTurn(FetchCause::Schedule, often, now + 5'000));
}

TEST_F(KeySetPageTest, ManyFailuresDoNotOverflow) {
    for (int failure = 1; failure <= 130; failure++) {
        failNow();
        now += 4'999;
        EXPECT_TRUE(failure < 4 || !scheduled()) << failure;
        now++;
    }
}

TEST_F(KeySetPageTest, FailuresAreCountedUntilAGoodAnswer) {
    EXPECT_EQ(failNow().failures, 1u);
    now += 5'000;
    EXPECT_EQ(failNow().failures, 2u);
    now += 5'000;
    EXPECT_EQ(publishNow("one").failures, 2u);
    now += kTimes.refresh;
    EXPECT_EQ(publishNow("one").failures, 0u);
}

// --- unknown keys ---

TEST_F(KeySetPageTest, AnUnknownKeyIsAskedForAtOnceAndThenNotForAWhile) {
    publishNow("one");
    now++;
    page.publish(*forUnknown(), "one", now);
    EXPECT_FALSE(forUnknown());
    now += kTimes.unknownKey - 1;
    EXPECT_FALSE(forUnknown());
    now++;
    EXPECT_TRUE(forUnknown());
}

TEST_F(KeySetPageTest, TheRegularRefreshLeavesTheAllowanceForUnknownKeys) {
    publishNow("one");
    now += kTimes.refresh;
    publishNow("one");
    EXPECT_TRUE(forUnknown());
}

TEST_F(KeySetPageTest, AnUnknownKeyAtTheTimeOfARefreshLeavesTheAllowanceToo) {
    publishNow("one");
    now += kTimes.refresh;
    page.publish(*forUnknown(), "one", now);
    EXPECT_TRUE(forUnknown());
}

TEST_F(KeySetPageTest, UnknownKeysRespectThePauseAfterAFailure) {
    publishNow("one");
    now += kTimes.refresh;
    failNow();
    now += 1'999;
    EXPECT_FALSE(forUnknown());
    now++;
    EXPECT_TRUE(forUnknown());
}

TEST_F(KeySetPageTest, AFetchForAnUnknownKeyPutsTheRefreshOff) {
    publishNow("one");
    now += 1'000;
    page.publish(*forUnknown(), "one", now);
    EXPECT_EQ(pause(), kTimes.refresh);
}

// --- the outlook ---

TEST_F(KeySetPageTest, TheOutlookTellsWhenAFetchMayBegin) {
    EXPECT_LE(page.outlook(kTimes).next, now);
    failNow();
    EXPECT_EQ(page.outlook(kTimes).next, now + 1'000);
    now += 1'000;
    publishNow("one");
    EXPECT_LE(page.outlook(kTimes).next, now);
    page.publish(*forUnknown(), "one", now);
    EXPECT_EQ(page.outlook(kTimes).next, now + kTimes.unknownKey);
}

TEST_F(KeySetPageTest, TheOutlookTellsOfAFetchThatIsUnderWay) {
    publishNow("one");
    forUnknown();
    now += 100;
    EXPECT_EQ(page.outlook(kTimes).next, now - 100);
}

TEST_F(KeySetPageTest, TheOutlookTellsWhenTheNewestAnswersFetchBegan) {
    EXPECT_EQ(page.outlook(kTimes).answered, 0u);
    const auto turn = *scheduled();
    page.publish(turn, "one", now + 300);
    EXPECT_EQ(page.outlook(kTimes).answered, now);
    now += kTimes.refresh;
    failNow();
    EXPECT_EQ(page.outlook(kTimes).answered, turn.startedAt);
}

TEST_F(KeySetPageTest, TheOutlookCountsEndings) {
    const auto before = page.outlook(kTimes).endings;
    failNow();
    now += 5'000;
    page.giveBack(*scheduled());
    publishNow("one");
    EXPECT_EQ(page.outlook(kTimes).endings, before + 3);
    EXPECT_EQ(page.outlook(kTimes).epoch, page.epoch());
}

}  // namespace

}  // namespace edgerun::store
