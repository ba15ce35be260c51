#include "edgerun/store/quota_files.h"

#include <gtest/gtest.h>

#include "store_quota_journal_fixture.h"

namespace edgerun::store {
namespace {

using Numbers = std::vector<std::uint64_t>;

std::string counterFrame(std::uint64_t sequence, std::uint8_t key, std::uint64_t amount) {
    QuotaRecord record;
    record.sequence = sequence;
    record.key = quotaKey(key);
    record.window = kQuotaWindow;
    record.amount = amount;
    return framesOf({record});
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

TEST(StoreQuotaFiles, TheNewestRecordCountsInWhateverOrder) {
    const QuotaDirectory directory;
    directory.write(1, counterFrame(30, 1, 3) + counterFrame(10, 1, 1) + counterFrame(20, 1, 2));
    directory.write(2, counterFrame(25, 1, 9) + counterFrame(41, 2, 4));
    directory.write(3, counterFrame(40, 2, 5));
    const auto state = directory.load();
    EXPECT_EQ(state.first, (std::map<QuotaKey, std::uint64_t>{{quotaKey(1), 3}, {quotaKey(2), 4}}));
}

TEST(StoreQuotaFiles, WhatStandsBeforeAWholeFileDoesNot) {
    const QuotaDirectory directory;
    directory.write(1, counterFrame(100, 1, 100) + mark());
    directory.write(2, counterFrame(10, 1, 10) + mark() + counterFrame(11, 2, 1));
    directory.write(3, counterFrame(12, 3, 1));
    QuotaLoad load;
    const auto state = directory.load(&load);
    EXPECT_EQ(state.first, (std::map<QuotaKey, std::uint64_t>{
                               {quotaKey(1), 10}, {quotaKey(2), 1}, {quotaKey(3), 1}}));
    EXPECT_EQ(load.records, 3U);
}

TEST(StoreQuotaFiles, DamageIsCounted) {
    const QuotaDirectory directory;
    directory.write(
        1, counterFrame(2, 1, 1) + "half a record" + counterFrame(3, 2, 1) + std::string(10, '\0'));
    QuotaLoad load;
    EXPECT_EQ(directory.load(&load).first.size(), 2U);
    EXPECT_EQ(load.damaged, 23U);
    EXPECT_EQ(load.records, 2U);
}

TEST(StoreQuotaFiles, RecordsAcrossPiecesAreWhole) {
    const QuotaDirectory directory;
    std::string bytes = "x";  // so that no piece ends between records
    for (std::uint64_t sequence = 2; sequence < 30'000; sequence++) {
        bytes += counterFrame(sequence, static_cast<std::uint8_t>(sequence % 50), sequence);
    }
    directory.write(1, bytes);
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
        QuotaRecord record;
        record.sequence = number + 2;
        record.key[1] = static_cast<std::uint8_t>(number >> 8);
        record.key[2] = static_cast<std::uint8_t>(number);
        record.window = kQuotaWindow;
        record.amount = 1;
        bytes += framesOf({record});
    }
    directory.write(1, bytes);
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
