#include <random>

#include "store_quota_fixture.h"

namespace edgerun::store {

namespace {

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
    EXPECT_EQ(other.keep(idNumber(1)).size(), 1u);
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
            QuotaRecord record;
            record.kind = job % 2 == 0 ? QuotaRecord::Kind::Hold : QuotaRecord::Kind::Counter;
            record.sequence = 1000 + job;
            record.key = quotaKey(job);
            record.window = minuteOf(kNow);
            record.holder = holderNumber(job % 6);
            counters.restore(record, kNow);
        }
        allHolds(counters);
        allRecords(counters);
        counters.gauges();
        counters.use(quotaKey(1), minuteOf(kNow));
    }
}

}  // namespace

}  // namespace edgerun::store
