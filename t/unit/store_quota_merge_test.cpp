#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "store_quota_journal_fixture.h"

/// Whatever part of what workers did comes to the disk: what it comes to when it is read.
namespace edgerun::store {
namespace {

using Records = std::vector<QuotaRecord>;

class StoreQuotaMerge : public testing::Test {
protected:
    QuotaState load() const { return directory.load(); }
    /// Appends what a worker did.
    void add(const Records& records, std::uint64_t number = 1) {
        directory.write(number, directory.read(number) + framesOf(records));
    }
    Records take(std::uint32_t job, std::uint8_t key, std::uint64_t amount = 1,
                 bool isSettled = false) {
        return takeOne(counters, job, key, amount, isSettled).records;
    }
    Records keep(std::uint32_t job) { return counters.keep(quotaJob(job)); }
    Records giveBack(std::uint32_t job) { return counters.giveBack(quotaJob(job)); }
    Records settle(std::uint32_t job, std::uint64_t amount) {
        return counters.settle(quotaJob(job), amount);
    }
    std::uint64_t used(std::uint8_t key) const { return load().first[quotaKey(key)]; }
    /// All said anew, by a worker that may stop half way.
    std::string copy(bool isWhole = true) {
        std::string bytes;
        std::uint32_t cursor = 0;
        do {
            for (const QuotaRecord& record : counters.records(cursor, 100)) {
                appendCopy(bytes, record);
            }
        } while (cursor != 0);
        if (isWhole) {
            appendWholeMark(bytes);
        }
        return bytes;
    }

    QuotaDirectory directory;
    QuotaZoneOfTests zone;
    QuotaCounters counters = zone.counters();
};

TEST_F(StoreQuotaMerge, WhatAnotherWorkerTookAndDidNotWriteIsNotCounted) {
    take(1, 7);
    add(take(2, 7));
    EXPECT_EQ(used(7), 1U);
    add(keep(2));
    EXPECT_EQ(used(7), 1U);
}

TEST_F(StoreQuotaMerge, WhatAnotherOneKeptIsCountedThoughItsTakerWroteNothing) {
    take(1, 7);
    add(keep(1));
    EXPECT_EQ(used(7), 1U);
    EXPECT_TRUE(load().second.empty());
}

TEST_F(StoreQuotaMerge, WhatAnotherOneGaveBackIsNotSubtracted) {
    add(take(2, 7));
    take(1, 7);
    add(giveBack(1));
    EXPECT_EQ(used(7), 1U);
}

TEST_F(StoreQuotaMerge, AnEndThatWasNotWrittenLeavesTheHold) {
    add(take(1, 7, 100, true));
    add(take(2, 7, 100, true));
    settle(1, 5);
    add(settle(2, 6));
    EXPECT_EQ(used(7), 106U);
    EXPECT_EQ(load().second.size(), 1U);
}

TEST_F(StoreQuotaMerge, WhatWasCopiedIsNotAddedAgain) {
    const Records one = take(1, 7, 100, true);
    const Records two = take(2, 7);
    const Records kept = keep(2);
    const std::string copied = copy();
    const Records settled = settle(1, 30);
    directory.write(2, copied + framesOf(one) + framesOf(two) + framesOf(kept));
    EXPECT_EQ(used(7), 101U);
    add(settled, 2);
    EXPECT_EQ(used(7), 31U);
    EXPECT_EQ(load(), stateOf(counters));
}

TEST_F(StoreQuotaMerge, AHoldThatEndedBeforeTheCopyComesNotBack) {
    const Records taken = take(1, 7);
    add(take(2, 7), 2);
    giveBack(1);
    directory.write(2, framesOf(taken) + copy());
    EXPECT_EQ(load(), stateOf(counters));
}

TEST_F(StoreQuotaMerge, AHoldAfterTheCopyIsAdded) {
    take(1, 7);
    keep(1);
    directory.write(2, copy());
    add(take(2, 7), 2);
    EXPECT_EQ(load(), stateOf(counters));
    add(keep(2), 2);
    EXPECT_EQ(load(), stateOf(counters));
    EXPECT_EQ(used(7), 2U);
}

TEST_F(StoreQuotaMerge, AHalfCopyAddsNothing) {
    add(take(1, 7));
    add(keep(1));
    directory.write(1, directory.read(1) + copy());
    add(take(2, 7));
    directory.write(2, copy(false));
    EXPECT_EQ(load(), stateOf(counters));
    add(giveBack(2), 2);
    EXPECT_EQ(load(), stateOf(counters));
}

TEST_F(StoreQuotaMerge, ANewWindowBeginsAnew) {
    const QuotaWindow next{kQuotaWindow.end, kQuotaWindow.end + 1000};
    const auto takeNext = [&](std::uint32_t job) {
        return counters
            .take(quotaHolder(job), {{quotaKey(7), next, 10, 1, false, false}}, kQuotaNow)
            .records;
    };
    take(1, 7);
    keep(1);
    take(3, 7);
    directory.write(2, copy());
    add(takeNext(2), 2);
    add(keep(2), 2);
    add(keep(3), 2);
    const auto state = load();
    EXPECT_EQ(state.first.at(quotaKey(7)), 1U);
    EXPECT_TRUE(state.second.empty());
}

/// What a job did, as far as it came to the disk.
TEST_F(StoreQuotaMerge, AnyPartOfWhatWorkersDidComesToWhatTheyWrote) {
    std::mt19937 random(20);
    for (int round = 0; round < 200; round++) {
        const QuotaDirectory mine;
        QuotaZoneOfTests fresh;
        QuotaCounters all = fresh.counters();
        std::vector<std::string> ofWorkers(4);
        std::string base;
        std::uint64_t expected = 0;
        for (std::uint32_t job = 1; job <= 20; job++) {
            if (job == 10 && round % 2 == 0) {
                std::uint32_t cursor = 0;
                do {
                    for (const QuotaRecord& record : all.records(cursor, 100)) {
                        appendCopy(base, record);
                    }
                } while (cursor != 0);
                appendWholeMark(base);
                expected = all.use(quotaKey(7), kQuotaWindow).used;
                ofWorkers.assign(4, "");
            }
            // A worker writes all that it did, or has lost all from some time on.
            const std::size_t worker = random() % 4;
            const bool isLost = worker == 3;
            const auto taken = takeOne(all, job, 7, 1 + random() % 9, false);
            const std::uint64_t held =
                std::find_if(taken.records.begin(), taken.records.end(),
                             [](const QuotaRecord& record) {
                                 return record.kind == QuotaRecord::Kind::Hold;
                             })
                    ->amount;
            const bool isKept = random() % 2 == 0;
            const auto ended = isKept ? all.keep(quotaJob(job)) : all.giveBack(quotaJob(job));
            if (!isLost) {
                ofWorkers[worker] += framesOf(taken.records) + framesOf(ended);
                expected += isKept ? held : 0;
            }
        }
        std::shuffle(ofWorkers.begin(), ofWorkers.end(), random);
        std::string bytes = base;
        for (const std::string& one : ofWorkers) {
            bytes += one;
        }
        mine.write(1, bytes);
        ASSERT_EQ(mine.load().first[quotaKey(7)], expected) << round;
    }
}

}  // namespace
}  // namespace edgerun::store
