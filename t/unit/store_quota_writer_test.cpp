#include "edgerun/store/quota_writer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include "store_quota_journal_fixture.h"

namespace edgerun::store {
namespace {

using Numbers = std::vector<std::uint64_t>;

class StoreQuotaWriter : public testing::Test {
protected:
    QuotaWriter writer(std::size_t leastRenewed = QuotaWriter::kLeastRenewed) {
        return QuotaWriter(directory.path(), counters, leastRenewed);
    }
    /// One job that is accepted, written.
    void accept(QuotaWriter& writer, std::uint32_t job, std::uint8_t key) {
        std::string frames = framesOf(takeOne(counters, job, key).records);
        frames += framesOf(counters.keep(quotaJob(job)));
        ASSERT_EQ(writer.write(frames), QuotaWritten::Done) << writer.problem().text;
    }
    std::size_t sizeOf(std::uint64_t number) const {
        return std::filesystem::file_size(directory.file(number));
    }

    QuotaDirectory directory;
    QuotaZoneOfTests zone;
    QuotaCounters counters = zone.counters();
};

TEST_F(StoreQuotaWriter, WhatIsWrittenIsThereInTheNextLife) {
    QuotaWriter one = writer();
    accept(one, 1, 7);
    accept(one, 2, 7);
    const auto held = takeOne(counters, 3, 8, 500, true);
    EXPECT_EQ(one.write(framesOf(held.records)), QuotaWritten::Done);

    EXPECT_EQ(directory.numbers(), Numbers{1});
    EXPECT_EQ(directory.load(), stateOf(counters));
    EXPECT_EQ(one.write(framesOf(counters.settle(quotaJob(3), 42))), QuotaWritten::Done);
    EXPECT_EQ(directory.load(), stateOf(counters));
    EXPECT_EQ(directory.load().first[quotaKey(8)], 42U);
}

TEST_F(StoreQuotaWriter, ItsFilesAreForItsUserAlone) {
    QuotaWriter one = writer();
    EXPECT_EQ(keepUpWhole(one), QuotaWritten::Done);
    for (const std::string& path : {directory.file(1), directory.path() + "/lock"}) {
        struct stat status {};
        ASSERT_EQ(stat(path.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 07777U, 0600U);
    }
}

TEST_F(StoreQuotaWriter, AFileSaysEverythingWhenItIsWhole) {
    for (std::uint32_t job = 1; job <= 20; job++) {
        takeOne(counters, job, static_cast<std::uint8_t>(job), job);
    }
    directory.write(5, "the file of an earlier life");
    QuotaWriter one = writer();
    EXPECT_EQ(keepUpWhole(one), QuotaWritten::Done);
    EXPECT_TRUE(one.isSound());
    EXPECT_EQ(directory.numbers(), Numbers{6});
    EXPECT_EQ(counters.journalNumber(), 6U);
    EXPECT_EQ(directory.load(), stateOf(counters));
}

TEST_F(StoreQuotaWriter, UntilThenTheFormerOnesCountToo) {
    QuotaWriter one = writer();
    accept(one, 1, 7);
    EXPECT_EQ(keepUpWhole(one), QuotaWritten::Done);

    // The next life: it has read the file, begins its own, and dies.
    QuotaZoneOfTests next;
    QuotaCounters nextCounters = next.counters();
    {
        std::string problem;
        ASSERT_TRUE(loadQuotaFiles(directory.path(), nextCounters, kQuotaNow, problem));
        QuotaWriter other(directory.path(), nextCounters);
        std::string frames = framesOf(takeOne(nextCounters, 2, 8).records);
        EXPECT_EQ(other.write(frames), QuotaWritten::Done);
        EXPECT_TRUE(other.hasMore());
    }
    EXPECT_EQ(directory.numbers(), (Numbers{1, 2}));
    EXPECT_EQ(directory.load(), stateOf(nextCounters));
}

TEST_F(StoreQuotaWriter, WhatStoodInAFormerOneComesNotBack) {
    QuotaWriter one = writer();
    std::string frames = framesOf(takeOne(counters, 1, 7, 100, true).records);
    ASSERT_EQ(one.write(frames), QuotaWritten::Done);
    EXPECT_EQ(keepUpWhole(one), QuotaWritten::Done);
    const std::string former = directory.read(1);
    ASSERT_EQ(one.write(framesOf(counters.settle(quotaJob(1), 5))), QuotaWritten::Done);
    std::filesystem::remove(directory.file(1));
    QuotaWriter other = writer();
    EXPECT_EQ(keepUpWhole(other), QuotaWritten::Done);
    EXPECT_EQ(keepUpWhole(other), QuotaWritten::Done);
    ASSERT_EQ(directory.numbers(), Numbers{2});
    // A hold that has ended, and whose end is forgotten.
    directory.write(1, former);
    EXPECT_EQ(directory.load(), stateOf(counters));
    EXPECT_TRUE(directory.load().second.empty());
}

TEST_F(StoreQuotaWriter, AllWorkersWriteToOneFile) {
    QuotaWriter one = writer();
    QuotaWriter two = writer();
    for (std::uint32_t job = 1; job <= 20; job++) {
        accept(job % 2 == 0 ? one : two, job, 7);
    }
    EXPECT_EQ(directory.numbers(), Numbers{1});
    EXPECT_EQ(directory.load(), stateOf(counters));
    EXPECT_EQ(directory.load().first[quotaKey(7)], 20U);
}

TEST_F(StoreQuotaWriter, AFileThatHasGrownIsBegunAnew) {
    QuotaWriter one = writer(64 * 1024);
    QuotaWriter two = writer(64 * 1024);
    for (std::uint32_t job = 1; job <= 600; job++) {
        accept(job % 2 == 0 ? one : two, job, static_cast<std::uint8_t>(job % 5));
        EXPECT_EQ(one.keepUp(), QuotaWritten::Done);
        EXPECT_EQ(two.keepUp(), QuotaWritten::Done);
    }
    EXPECT_EQ(keepUpWhole(one), QuotaWritten::Done);
    EXPECT_EQ(keepUpWhole(two), QuotaWritten::Done);
    EXPECT_EQ(keepUpWhole(one), QuotaWritten::Done);
    const Numbers numbers = directory.numbers();
    ASSERT_EQ(numbers.size(), 1U);
    EXPECT_GT(numbers[0], 2U);
    EXPECT_LT(sizeOf(numbers[0]), 80U * 1024);
    EXPECT_EQ(directory.load(), stateOf(counters));
    EXPECT_EQ(directory.load().first[quotaKey(0)], 120U);
}

TEST_F(StoreQuotaWriter, AFileIsAsLargeAsItMustBe) {
    QuotaWriter one = writer(1024);
    for (std::uint32_t job = 1; job <= 100; job++) {
        accept(one, job, static_cast<std::uint8_t>(job));
        keepUpWhole(one);
    }
    // Growing with what is worth keeping, it is not begun anew each time.
    EXPECT_LT(directory.numbers().back(), 6U);
}

TEST_F(StoreQuotaWriter, TheFormerFileStaysWhileSomebodyHasIt) {
    QuotaWriter one = writer(4096);
    QuotaWriter idle = writer(4096);
    EXPECT_EQ(keepUpWhole(one), QuotaWritten::Done);
    EXPECT_EQ(keepUpWhole(idle), QuotaWritten::Done);
    for (std::uint32_t job = 1; job <= 400; job++) {
        accept(one, job, 1);
    }
    EXPECT_EQ(keepUpWhole(one), QuotaWritten::Done);
    EXPECT_EQ(directory.numbers(), (Numbers{1, 2}));
    EXPECT_EQ(keepUpWhole(idle), QuotaWritten::Done);
    EXPECT_EQ(keepUpWhole(one), QuotaWritten::Done);
    EXPECT_EQ(directory.numbers(), Numbers{2});
}

// --- lives beside one another ---

/// A server that reads what another one writes.
struct LaterLife {
    explicit LaterLife(const QuotaDirectory& directory) : counters(zone.counters()) {
        std::string problem;
        EXPECT_TRUE(loadQuotaFiles(directory.path(), counters, kQuotaNow, problem));
        writer.emplace(directory.path(), counters);
    }
    QuotaZoneOfTests zone;
    QuotaCounters counters;
    std::optional<QuotaWriter> writer;
};

TEST_F(StoreQuotaWriter, WhoOnlyReadsChangesNothing) {
    QuotaWriter one = writer();
    accept(one, 1, 7);
    EXPECT_EQ(keepUpWhole(one), QuotaWritten::Done);
    const std::string before = directory.read(1);
    { const LaterLife later(directory); }
    EXPECT_EQ(directory.numbers(), Numbers{1});
    EXPECT_EQ(directory.read(1), before);
    accept(one, 2, 7);
    EXPECT_EQ(directory.load(), stateOf(counters));
}

TEST_F(StoreQuotaWriter, ALaterLifeIsTheOneThatCounts) {
    QuotaWriter one = writer(1024);
    accept(one, 1, 7);
    EXPECT_EQ(keepUpWhole(one), QuotaWritten::Done);
    LaterLife later(directory);
    EXPECT_EQ(keepUpWhole(*later.writer), QuotaWritten::Done);
    EXPECT_EQ(directory.numbers(), (Numbers{1, 2}));

    // The earlier one goes on for a while, and however much it writes it begins no file.
    for (std::uint32_t job = 2; job <= 100; job++) {
        accept(one, job, 8);
    }
    EXPECT_EQ(keepUpWhole(one), QuotaWritten::Done);
    EXPECT_EQ(directory.numbers(), (Numbers{1, 2}));
    EXPECT_EQ(directory.load(), stateOf(later.counters));
}

TEST_F(StoreQuotaWriter, WhenTheEarlierLifeHasEndedItsFileGoes) {
    auto one = std::make_optional<QuotaWriter>(directory.path(), counters);
    EXPECT_EQ(keepUpWhole(*one), QuotaWritten::Done);
    LaterLife later(directory);
    EXPECT_EQ(keepUpWhole(*later.writer), QuotaWritten::Done);
    one.reset();
    EXPECT_EQ(keepUpWhole(*later.writer), QuotaWritten::Done);
    EXPECT_EQ(directory.numbers(), Numbers{2});
}

TEST_F(StoreQuotaWriter, WhenTheLaterLifeHasEndedTheEarlierCountsAgain) {
    QuotaWriter one = writer();
    accept(one, 1, 7);
    EXPECT_EQ(keepUpWhole(one), QuotaWritten::Done);
    {
        LaterLife later(directory);
        EXPECT_EQ(keepUpWhole(*later.writer), QuotaWritten::Done);
        accept(one, 2, 7);
    }
    EXPECT_EQ(keepUpWhole(one), QuotaWritten::Done);
    accept(one, 3, 7);
    EXPECT_EQ(directory.numbers(), Numbers{3});
    EXPECT_EQ(directory.load(), stateOf(counters));
}

TEST_F(StoreQuotaWriter, WhoIsOutdoneAndHasLostItsFileGoesOn) {
    auto one = std::make_optional<QuotaWriter>(directory.path(), counters);
    accept(*one, 1, 7);
    EXPECT_EQ(keepUpWhole(*one), QuotaWritten::Done);
    one.reset();
    LaterLife later(directory);
    EXPECT_EQ(keepUpWhole(*later.writer), QuotaWritten::Done);
    ASSERT_EQ(directory.numbers(), Numbers{2});

    QuotaWriter again = writer();
    accept(again, 2, 7);
    EXPECT_EQ(keepUpWhole(again), QuotaWritten::Done);
    EXPECT_TRUE(again.isSound());
    EXPECT_EQ(directory.load(), stateOf(later.counters));
}

// --- trouble ---

TEST_F(StoreQuotaWriter, AFileThatSomebodyRemovesIsMadeAgain) {
    QuotaWriter one = writer();
    accept(one, 1, 7);
    EXPECT_EQ(keepUpWhole(one), QuotaWritten::Done);
    QuotaWriter two = writer();
    std::filesystem::remove(directory.file(1));
    accept(two, 2, 7);
    EXPECT_FALSE(two.isSound());
    EXPECT_EQ(keepUpWhole(two), QuotaWritten::Done);
    EXPECT_TRUE(two.isSound());
    EXPECT_EQ(directory.load(), stateOf(counters));
}

TEST_F(StoreQuotaWriter, OnlyOneBeginsAFile) {
    QuotaWriter one = writer();
    takeOne(counters, 1, 7);
    EXPECT_EQ(one.keepUp(), QuotaWritten::Done);
    ASSERT_TRUE(one.hasMore());
    counters.setJournalNumber(0);
    QuotaWriter two = writer();
    EXPECT_EQ(two.keepUp(), QuotaWritten::Busy);
    EXPECT_EQ(two.write(framesOf(takeOne(counters, 2, 7).records)), QuotaWritten::Busy);
}

TEST_F(StoreQuotaWriter, ADirectoryThatIsGoneIsAProblem) {
    QuotaWriter one(directory.path() + "/missing", counters);
    EXPECT_EQ(one.write(framesOf(takeOne(counters, 1, 7).records)), QuotaWritten::Failed);
    EXPECT_EQ(one.problem().error, ENOENT);
    EXPECT_NE(one.problem().text.find("/missing/lock"), std::string::npos);
    EXPECT_FALSE(one.isSound());
}

/// Files of this process end there.
class FileLimit {
public:
    explicit FileLimit(rlim_t bytes) {
        formerHandler_ = std::signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &former_);
        const rlimit limit{bytes, former_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileLimit() {
        setrlimit(RLIMIT_FSIZE, &former_);
        std::signal(SIGXFSZ, formerHandler_);
    }
    FileLimit(const FileLimit&) = delete;
    FileLimit& operator=(const FileLimit&) = delete;

private:
    rlimit former_{};
    void (*formerHandler_)(int);
};

TEST_F(StoreQuotaWriter, AfterAFullDiskAllIsSaidAnew) {
    QuotaWriter one = writer();
    QuotaWriter two = writer();
    for (std::uint32_t job = 1; job <= 20; job++) {
        accept(one, job, 7);
    }
    EXPECT_EQ(keepUpWhole(one), QuotaWritten::Done);
    {
        // The group begins, and does not come to its end.
        const FileLimit limit(sizeOf(1) + kQuotaFrameBytes - 10);
        EXPECT_EQ(one.write(framesOf(takeOne(counters, 21, 7).records)), QuotaWritten::Failed);
        EXPECT_NE(one.problem().error, 0);
        EXPECT_FALSE(one.isSound());
        counters.giveBack(quotaJob(21));         // nobody can write that
        const FileLimit less(kQuotaFrameBytes);  // a record, and no mark
        EXPECT_EQ(keepUpWhole(one), QuotaWritten::Failed);
        EXPECT_FALSE(one.isSound());
    }
    accept(two, 22, 7);
    EXPECT_EQ(directory.load().first[quotaKey(7)], 21U);
    EXPECT_EQ(keepUpWhole(one), QuotaWritten::Done);
    EXPECT_TRUE(one.isSound());
    EXPECT_EQ(keepUpWhole(two), QuotaWritten::Done);
    EXPECT_EQ(keepUpWhole(one), QuotaWritten::Done);
    EXPECT_EQ(directory.numbers().size(), 1U);
    EXPECT_EQ(directory.load(), stateOf(counters));
}

TEST_F(StoreQuotaWriter, ManyCountersAreSaidInPieces) {
    QuotaZoneOfTests large(16 * 1024 * 1024);
    QuotaCounters many = large.counters();
    for (std::uint32_t job = 1; job <= 10'000; job++) {
        QuotaKey key{};
        key[3] = static_cast<std::uint8_t>(job >> 8);
        key[4] = static_cast<std::uint8_t>(job);
        ASSERT_EQ(many.take(quotaHolder(job), {{key, kQuotaWindow, 10, 1, true, false}}, kQuotaNow)
                      .outcome,
                  QuotaOutcome::Taken);
    }
    QuotaWriter one(directory.path(), many);
    int pieces = 0;
    do {
        ASSERT_EQ(one.keepUp(), QuotaWritten::Done);
        pieces++;
    } while (one.hasMore());
    EXPECT_GT(pieces, 4);

    QuotaZoneOfTests next(16 * 1024 * 1024);
    QuotaCounters loaded = next.counters();
    std::string problem;
    const auto load = loadQuotaFiles(directory.path(), loaded, kQuotaNow, problem);
    ASSERT_TRUE(load) << problem;
    EXPECT_EQ(load->records, 20'000U);
    EXPECT_EQ(load->leftOut + load->damaged, 0U);
    EXPECT_EQ(stateOf(loaded), stateOf(many));
}

}  // namespace
}  // namespace edgerun::store
