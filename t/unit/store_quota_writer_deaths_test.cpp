#include <gtest/gtest.h>
#include <sys/mman.h>

#include "store_quota_journal_fixture.h"

/// A worker dies at each crash point of writing a quota zone's journal.
namespace edgerun::store {
namespace {

#ifdef EDGERUN_CRASH_POINTS

constexpr std::uint32_t kJobs = 8;
constexpr std::uint32_t kReserve = 100;

/// What a worker has told its clients.
struct Told {
    std::uint32_t accepted;
    std::uint32_t settled;
};

/// Each job takes one request and some tokens, and uses fewer.
void work(QuotaCounters counters, const std::string& directory, Told& told) {
    QuotaWriter writer(directory, counters, 1024);
    for (std::uint32_t job = 1; job <= kJobs; job++) {
        const auto taken =
            counters.take(quotaHolder(job),
                          {{quotaKey(1), kQuotaWindow, 1'000'000, 1, false, false},
                           {quotaKey(2), kQuotaWindow, 1'000'000, kReserve, true, false}},
                          kQuotaNow);
        if (writer.write(framesOf(taken.records)) != QuotaWritten::Done) {
            _exit(1);
        }
        told.accepted = job;
        writer.write(framesOf(counters.keep(quotaJob(job))));
        writer.keepUp();
        writer.write(framesOf(counters.settle(quotaJob(job), 7)));
        told.settled = job;
    }
}

/// As QuotaBook decides what a dead worker held: all jobs were accepted, and have ended.
void settleAll(QuotaCounters& counters, QuotaWriter* writer) {
    for (std::uint32_t job = 1; job <= kJobs; job++) {
        auto records = counters.keep(quotaJob(job));
        const auto more = counters.settle(quotaJob(job), 7);
        records.insert(records.end(), more.begin(), more.end());
        if (writer != nullptr && !records.empty()) {
            ASSERT_EQ(writer->write(framesOf(records)), QuotaWritten::Done);
        }
    }
}

std::uint64_t usedOf(QuotaCounters& counters, std::uint8_t key) {
    return counters.use(quotaKey(key), kQuotaWindow).used;
}

void expectCounted(QuotaCounters& counters, const Told& told) {
    const std::uint64_t requests = usedOf(counters, 1);
    EXPECT_GE(requests, told.accepted);
    EXPECT_LE(requests, told.accepted + 1U);
    EXPECT_EQ(usedOf(counters, 2), 7 * requests);
    EXPECT_EQ(counters.gauges().holds, 0U);
}

class StoreQuotaWriterDeaths : public testing::TestWithParam<bool> {};

TEST_P(StoreQuotaWriterDeaths, WhatAClientWasToldIsCountedExactly) {
    const bool isAllGone = GetParam();
    SharedMemory shared(4096);
    bool isOver = false;
    for (std::uint64_t passage = 1; !isOver; passage++) {
        SCOPED_TRACE(passage);
        const QuotaDirectory directory;
        QuotaZoneOfTests zone;
        auto& told = *new (shared.data()) Told{};
        isOver = survives(passage, [&] { work(zone.counters(), directory.path(), told); });

        QuotaCounters counters = zone.counters();
        if (!isAllGone) {  // another worker goes on
            QuotaWriter writer(directory.path(), counters, 1024);
            settleAll(counters, &writer);
            ASSERT_EQ(keepUpWhole(writer), QuotaWritten::Done);
            expectCounted(counters, told);
        }
        QuotaZoneOfTests next;
        QuotaCounters loaded = next.counters();
        std::string problem;
        ASSERT_TRUE(loadQuotaFiles(directory.path(), loaded, kQuotaNow, problem)) << problem;
        settleAll(loaded, nullptr);
        expectCounted(loaded, told);

        // And the next life leaves one file.
        QuotaWriter writer(directory.path(), loaded);
        ASSERT_EQ(keepUpWhole(writer), QuotaWritten::Done);
        ASSERT_EQ(directory.numbers().size(), 1U);
        ASSERT_EQ(directory.load(), stateOf(loaded));
        if (HasFailure()) {
            return;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Of, StoreQuotaWriterDeaths, testing::Bool(), [](const auto& one) {
    return std::string(one.param ? "AllOfNginx" : "OneWorker");
});

#endif

}  // namespace
}  // namespace edgerun::store
