#include "edgerun/store/key_set_page.h"

#include <gtest/gtest.h>
#include <sys/time.h>

#include <random>
#include <string>

#include "edgerun/store/crash_point.h"
#include "store_arena_fixture.h"
#include "store_shared_memory.h"

namespace edgerun::store {

namespace {

constexpr std::size_t kMaxSet = 8 * 1024;
constexpr FetchTimes kTimes{600'000, 30'000, 5'000, 5'000};
constexpr std::uint64_t kTurnLasts = 6'000;  // kTimes.attempt and the grace beyond
constexpr std::uint64_t kStart = 1'000'000;
constexpr std::uint64_t kEnd = kStart + 700'000;

class KeySetPageTest : public testing::Test {
protected:
    KeySetPageTest() : memory(KeySetPage::bytesFor(kMaxSet)), page(makePage()) {}

    KeySetPage makePage() {
        KeySetPage::format(memory.data(), kMaxSet);
        return {memory.data(), lock};
    }

    std::optional<FetchTurn> scheduled() {
        return page.takeTurn(FetchCause::Schedule, kTimes, now);
    }
    std::optional<FetchTurn> forUnknown() {
        return page.takeTurn(FetchCause::UnknownKey, kTimes, now);
    }
    FetchEnd publishNow(std::string_view bytes) { return page.publish(*scheduled(), bytes, now); }
    FetchEnd failNow() { return page.fail(*scheduled(), now); }

    /// How long no turn is due, from now.
    std::uint64_t pause() {
        const std::uint64_t from = now;
        for (std::uint64_t ms = 0;; ms += 500) {
            now = from + ms;
            if (const auto turn = scheduled()) {
                page.giveBack(*turn);
                return ms;
            }
        }
    }

    SharedMemory memory;
    SingleThreadLock lock;
    KeySetPage page;
    std::uint64_t now = kStart;
};

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

// --- deaths ---

std::string setNumber(std::uint64_t number) {
    return std::string(1000 + number * 7919 % 5000, static_cast<char>('a' + number % 26));
}

bool isWhole(const KeySetPage::Published& set) {
    return set.epoch == 0 ? set.bytes.empty()
                          : set.bytes.size() >= 1000 &&
                                set.bytes == std::string(set.bytes.size(), set.bytes[0]);
}

class KeySetPageDeathTest : public KeySetPageTest {
protected:
    /// A process that fetches, fails, gives back and publishes; what dies is at
    /// one of its crash points.
    void live() {
        KeySetPage mine(memory.data(), forced);
        const auto take = [&](FetchCause cause, std::uint64_t at) {
            return *mine.takeTurn(cause, kTimes, at);
        };
        mine.fail(take(FetchCause::Schedule, kStart), kStart);
        mine.publish(take(FetchCause::Schedule, kStart + 1'000), setNumber(1), kStart + 1'000);
        mine.publish(take(FetchCause::UnknownKey, kStart + 2'000), setNumber(2), kStart + 2'000);
        mine.giveBack(take(FetchCause::Schedule, kStart + 602'000));
        mine.publish(take(FetchCause::Schedule, kStart + 602'000), setNumber(3), kStart + 602'000);
        mine.publish(take(FetchCause::UnknownKey, kEnd), setNumber(4), kEnd);
    }

    ForcedLock forced;
};

TEST_F(KeySetPageDeathTest, AfterADeathAnywhereTheSetIsWholeAndOthersGoOn) {
    bool hasDied = true;
    for (std::uint64_t passage = 1; hasDied; passage++) {
        std::memset(memory.data(), 0, memory.size());
        KeySetPage::format(memory.data(), kMaxSet);
        hasDied = !endsWell(start([&] {
            passagesUntilCrash = passage;
            live();
        }));

        const auto set = page.read();
        EXPECT_TRUE(isWhole(set));
        EXPECT_EQ(set.epoch, page.epoch());
        if (hasDied) {
            // Whatever it was about to do, another gets its turn when this one's is over.
            now = kEnd + kTurnLasts + (set.bytes == setNumber(4) ? kTimes.refresh : 0);
            const auto turn = forUnknown();
            ASSERT_TRUE(turn) << "passage " << passage;
            EXPECT_TRUE(page.publish(*turn, setNumber(9), now).isNew);
            EXPECT_GT(page.epoch(), set.epoch);
            EXPECT_EQ(page.read().bytes, setNumber(9));
            EXPECT_FALSE(scheduled());
        } else {
            EXPECT_EQ(set.bytes, setNumber(4));
            EXPECT_GT(passage, 30u);
        }
    }
}

/// Workers that die of an alarm, at any instruction.
class Restless {
public:
    struct Shared {
        std::atomic<pid_t> holder;
        std::atomic<std::uint64_t> now;
        std::atomic<std::uint64_t> published;
        std::atomic<std::uint64_t> wrong;
        std::atomic<std::uint64_t> highest;  ///< epoch that anybody has seen
    };

    Restless(void* memory, Shared& shared)
        : lock_(shared.holder), page_(memory, lock_), shared_(shared) {}

    [[noreturn]] void live() {
        std::mt19937 random(static_cast<unsigned>(getpid()));
        const itimerval alarm{{}, {0, 200 + static_cast<suseconds_t>(random() % 2000)}};
        setitimer(ITIMER_REAL, &alarm, nullptr);
        while (true) {
            const FetchTimes times{2, 1, 3, 5};
            const auto turn = page_.takeTurn(FetchCause::UnknownKey, times, shared_.now += 1);
            if (!turn) {
                look();
            } else if (random() % 4 == 0) {
                page_.fail(*turn, shared_.now);
            } else if (page_.publish(*turn, setNumber(turn->number), shared_.now).counts) {
                shared_.published++;
            }
        }
    }

private:
    void look() {
        const std::uint64_t before = shared_.highest;
        const auto set = page_.read();
        shared_.wrong += isWhole(set) && set.epoch >= before ? 0 : 1;
        std::uint64_t seen = shared_.highest;
        while (seen < set.epoch && !shared_.highest.compare_exchange_weak(seen, set.epoch)) {
        }
    }

    PidLock lock_;
    KeySetPage page_;
    Shared& shared_;
};

TEST_F(KeySetPageDeathTest, ProcessesThatDieAtAnyInstructionSpoilNothing) {
    SharedMemory notes(sizeof(Restless::Shared));
    auto& shared = *new (notes.data()) Restless::Shared{};
    const auto startOne = [&] { start([&] { Restless(memory.data(), shared).live(); }); };
    const auto buryOne = [&] {
        pid_t dead = wait(nullptr);
        shared.holder.compare_exchange_strong(dead, 0);
    };

    for (int process = 0; process < 3; process++) {
        startOne();
    }
    for (int death = 0; death < 300; death++) {
        buryOne();
        startOne();
    }
    for (int process = 0; process < 3; process++) {
        buryOne();
    }
    EXPECT_EQ(shared.wrong, 0u);
    EXPECT_GT(shared.published, 300u);
    EXPECT_TRUE(isWhole(page.read()));
    now = shared.now + 600'000;
    EXPECT_TRUE(scheduled());
}

}  // namespace

}  // namespace edgerun::store
