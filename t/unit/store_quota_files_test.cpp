#include "edgerun/store/quota_files.h"

#include <gtest/gtest.h>

#include "store_quota_journal_fixture.h"

namespace edgerun::store {
namespace {

using Numbers = std::vector<std::uint64_t>;

QuotaRecord recordOf(QuotaRecord::Kind kind, std::uint64_t sequence, std::uint8_t key,
                     std::uint64_t amount) {
    QuotaRecord record;
    record.kind = kind;
    record.sequence = record.taken = sequence;
    record.key = quotaKey(key);
    record.window = kQuotaWindow;
    record.amount = amount;
    record.holder = quotaHolder(static_cast<std::uint32_t>(sequence));
    return record;
}

std::string counter(std::uint64_t sequence, std::uint8_t key, std::uint64_t amount) {
    std::string bytes;
    appendCopy(bytes, recordOf(QuotaRecord::Kind::Counter, sequence, key, amount));
    return bytes;
}

std::string hold(std::uint64_t sequence, std::uint8_t key, std::uint64_t amount) {
    return framesOf({recordOf(QuotaRecord::Kind::Hold, sequence, key, amount)});
}

std::string mark() {
    std::string bytes;
    appendWholeMark(bytes);
    return bytes;
}

TEST(StoreQuotaFiles, OnlyItsOwnNamesCount) {
    const QuotaDirectory directory;
    for (const char* name :
         {"counters.00000001.quota", "counters.00000120.quota", "counters.123456789.quota",
          "counters.1.quota", "counters.00000000.quota", "counters.0000000x.quota",
          "counters.00000003.quota.damaged", "xcounters.00000003.quota", "lock",
          "counters.1234567890123456789.quota", "counters.-0000001.quota", "counters..quota"}) {
        std::ofstream(directory.path() + "/" + name) << "";
    }
    EXPECT_EQ(directory.numbers(), (Numbers{1, 120, 123456789}));
    EXPECT_FALSE(listQuotaFiles(directory.path() + "/missing"));
}

TEST(StoreQuotaFiles, AnEmptyDirectoryIsABeginning) {
    const QuotaDirectory directory;
    QuotaLoad load;
    EXPECT_EQ(directory.load(&load), QuotaState());
    EXPECT_EQ(load.records, 0U);
}

TEST(StoreQuotaFiles, ADirectoryThatIsGoneIsAProblem) {
    QuotaZoneOfTests zone;
    QuotaCounters counters = zone.counters();
    std::string problem;
    EXPECT_FALSE(loadQuotaFiles("/nonexistent/quotas", counters, kQuotaNow, problem));
    EXPECT_NE(problem.find("/nonexistent/quotas"), std::string::npos);
}

TEST(StoreQuotaFiles, AFileThatCannotBeReadIsAProblem) {
    const QuotaDirectory directory;
    std::filesystem::create_directory(directory.file(1));
    QuotaZoneOfTests zone;
    QuotaCounters counters = zone.counters();
    std::string problem;
    EXPECT_FALSE(loadQuotaFiles(directory.path(), counters, kQuotaNow, problem));
    EXPECT_NE(problem.find(directory.file(1)), std::string::npos);

    std::filesystem::remove(directory.file(1));
    std::filesystem::create_symlink("/etc/passwd", directory.file(1));
    EXPECT_FALSE(loadQuotaFiles(directory.path(), counters, kQuotaNow, problem));
}

using Used = std::map<QuotaKey, std::uint64_t>;

TEST(StoreQuotaFiles, AllThatWasHeldIsAddedUp) {
    const QuotaDirectory directory;
    directory.write(1, hold(30, 1, 3) + hold(10, 1, 1) + hold(20, 2, 7));
    directory.write(2, hold(31, 1, 5) + hold(30, 1, 3));
    const auto state = directory.load();
    EXPECT_EQ(state.first, (Used{{quotaKey(1), 9}, {quotaKey(2), 7}}));
    EXPECT_EQ(state.second.size(), 4U);
}

TEST(StoreQuotaFiles, NothingIsLostAboveTheMostThatIsCounted) {
    const QuotaDirectory directory;
    constexpr std::uint64_t kMost = INT64_MAX;
    directory.write(1, counter(10, 1, kMost) + counter(10, 2, UINT64_MAX) + mark());
    directory.write(2, hold(11, 1, 5) + hold(12, 2, UINT64_MAX) + hold(13, 3, kMost + 1));
    const auto state = directory.load();
    EXPECT_EQ(state.first,
              (Used{{quotaKey(1), kMost}, {quotaKey(2), kMost}, {quotaKey(3), kMost}}));
    EXPECT_EQ(state.second.size(), 3U);
}

TEST(StoreQuotaFiles, WhatStandsBeforeAWholeFileDoesNotCount) {
    const QuotaDirectory directory;
    directory.write(1, counter(100, 1, 100) + hold(101, 3, 1) + mark());
    directory.write(2, counter(10, 1, 10) + mark() + hold(11, 2, 1));
    directory.write(3, hold(12, 3, 1) + counter(12, 3, 99));
    QuotaLoad load;
    const auto state = directory.load(&load);
    EXPECT_EQ(state.first, (Used{{quotaKey(1), 10}, {quotaKey(2), 1}, {quotaKey(3), 1}}));
    EXPECT_EQ(load.records, 4U);
}

TEST(StoreQuotaFiles, DamageIsCounted) {
    const QuotaDirectory directory;
    directory.write(1, hold(2, 1, 1) + "half a record" + hold(3, 2, 1) + std::string(10, '\0'));
    QuotaLoad load;
    EXPECT_EQ(directory.load(&load).first.size(), 2U);
    EXPECT_EQ(load.damaged, 23U);
    EXPECT_EQ(load.records, 2U);
}

TEST(StoreQuotaFiles, RecordsAcrossPiecesAreWhole) {
    const QuotaDirectory directory;
    std::string bytes = "x";  // so that no piece ends between records
    for (std::uint64_t sequence = 2; sequence < 30'000; sequence++) {
        bytes += counter(sequence, static_cast<std::uint8_t>(sequence % 50), sequence);
    }
    directory.write(1, bytes + mark());
    QuotaLoad load;
    const auto state = directory.load(&load);
    EXPECT_EQ(load.records, 29'998U);
    EXPECT_EQ(load.damaged, 1U);
    EXPECT_EQ(state.first.at(quotaKey(49)), 29'999U);
}

TEST(StoreQuotaFiles, WhatDoesNotFitIsCounted) {
    const QuotaDirectory directory;
    std::string bytes;
    for (std::uint32_t number = 0; number < 2000; number++) {
        QuotaRecord record = recordOf(QuotaRecord::Kind::Counter, number + 2, 0, 1);
        record.key[1] = static_cast<std::uint8_t>(number >> 8);
        record.key[2] = static_cast<std::uint8_t>(number);
        appendCopy(bytes, record);
    }
    directory.write(1, bytes + mark());
    QuotaZoneOfTests zone(QuotaCounters::kMinimumBytes);
    QuotaCounters counters = zone.counters();
    std::string problem;
    const auto load = loadQuotaFiles(directory.path(), counters, kQuotaNow, problem);
    ASSERT_TRUE(load);
    EXPECT_GT(load->leftOut, 0U);
    EXPECT_EQ(load->leftOut + stateOf(counters).first.size(), 2000U);
}

}  // namespace
}  // namespace edgerun::store
