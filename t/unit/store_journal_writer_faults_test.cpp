#include <sys/resource.h>
#include <sys/stat.h>

#include "store_journal_writer_fixture.h"

/// Disks that fail, and disks that are full.
namespace edgerun::store {

namespace {

// --- failures ---

TEST_F(JournalWriterTest, AFailedWriteEndsItsSegment) {
    EXPECT_TRUE(write(1));
    disk.writeError = EIO;
    const JournalWritten failed = writer->write(goneFrame(2), true);
    EXPECT_FALSE(failed.isDone);
    EXPECT_EQ(failed.error, EIO);
    EXPECT_EQ(failed.what, "write");
    ASSERT_EQ(writer->sealed().size(), 1U);
    disk.writeError = 0;
    EXPECT_TRUE(write(3));
    ASSERT_EQ(segments().size(), 2U);
    EXPECT_EQ(written(), (Numbers{1, 3}));
}

TEST_F(JournalWriterTest, AFailedFlushEndsItsSegment) {
    EXPECT_TRUE(write(1));
    disk.flushError = EIO;
    const JournalWritten failed = writer->write(goneFrame(2), true);
    EXPECT_FALSE(failed.isDone);
    EXPECT_EQ(failed.error, EIO);
    EXPECT_EQ(failed.what, "flush");
    disk = {};
    EXPECT_TRUE(writer->flush().isDone);
    EXPECT_EQ(disk.flushes, 0U) << "it is never flushed again";
    const std::string before = get(std::filesystem::path(writer->sealed()[0].path).filename());
    EXPECT_TRUE(write(3));
    EXPECT_EQ(get(std::filesystem::path(writer->sealed()[0].path).filename()), before);
    EXPECT_EQ(written().count(1), 1U);
    EXPECT_EQ(written().count(3), 1U);
}

TEST_F(JournalWriterTest, AFailureInAnEmptySegmentLeavesNoFile) {
    disk.writeError = ENOSPC;
    EXPECT_FALSE(write(1));
    EXPECT_TRUE(writer->sealed().empty());
    EXPECT_TRUE(segments().empty());
    disk.writeError = 0;
    EXPECT_TRUE(write(2));
    EXPECT_EQ(segments()[0].header.number, 2U);
}

TEST_F(JournalWriterTest, ASegmentWhoseHeaderIsNotOnTheDiskIsNotUsed) {
    EXPECT_TRUE(write(1));
    disk.flushError = EIO;
    const JournalWritten failed = writer->write(std::string(kSmall, 'x'), true);
    EXPECT_EQ(failed.what, "create a segment");
    EXPECT_EQ(segments().size(), 1U);
    disk.flushError = 0;
    EXPECT_TRUE(write(2));
    EXPECT_EQ(segments()[1].header.number, 3U) << "a number is not used twice";
}

TEST_F(JournalWriterTest, AFlushThatFailsAtASegmentsEndFailsTheWrite) {
    EXPECT_TRUE(writer->write(std::string(3000, 'x'), false).isDone);
    disk.flushError = EIO;
    EXPECT_EQ(writer->write(std::string(3000, 'x'), false).what, "flush");
    EXPECT_EQ(writer->sealed().size(), 1U);
}

TEST_F(JournalWriterTest, ADirectoryThatIsNotThereIsSaid) {
    std::string problem;
    EXPECT_FALSE(JournalWriter::create(directory + "/none", kInstance, problem));
    EXPECT_NE(problem.find("/none/"), std::string::npos) << problem;
    EXPECT_NE(problem.find("No such file"), std::string::npos) << problem;
}

TEST_F(JournalWriterTest, WithoutAFirstSegmentThereIsNoWriter) {
    writer.reset();
    disk.flushError = EIO;
    std::string problem;
    EXPECT_FALSE(JournalWriter::create(directory, kInstance, problem, kSmall, kMoodyDisk));
    EXPECT_EQ(problem, "cannot create a segment in \"" + directory + "\": Input/output error");
    EXPECT_EQ(files(), 0U);
}

// --- a full disk ---

TEST_F(JournalWriterTest, AFullDiskTakesTheReserve) {
    EXPECT_TRUE(write(1));
    EXPECT_TRUE(writer->write(std::string(kSmall - 200, 'x'), true).isDone);
    disk.allocateError = ENOSPC;
    EXPECT_TRUE(write(2));
    EXPECT_TRUE(write(3));
    EXPECT_TRUE(writer->isOnReserve());
    ASSERT_EQ(segments().size(), 2U);
    EXPECT_EQ(segments()[1].bytes, kSmall);
    EXPECT_EQ(files(), 3U) << "lock and segments";
}

TEST_F(JournalWriterTest, WithoutReserveAFullDiskFailsTheWrite) {
    disk.allocateError = EDQUOT;
    EXPECT_TRUE(writer->write(std::string(kSmall - 100, 'x'), true).isDone);
    EXPECT_TRUE(writer->write(std::string(kSmall - 100, 'x'), true).isDone);
    const JournalWritten failed = writer->write(goneFrame(1), true);
    EXPECT_EQ(failed.what, "create a segment");
    EXPECT_EQ(failed.error, EDQUOT);
    EXPECT_TRUE(writer->isOnReserve());
    disk.allocateError = 0;
    EXPECT_TRUE(write(2));
    EXPECT_FALSE(writer->isOnReserve()) << "with the next segment there is a reserve again";
    EXPECT_EQ(files(), 5U) << "lock, three segments, reserve";
}

TEST_F(JournalWriterTest, TheReserveIsTooSmallForALargeRecord) {
    disk.allocateError = ENOSPC;
    EXPECT_FALSE(writer->write(std::string(2 * kSmall, 'x'), true).isDone);
    EXPECT_FALSE(writer->isOnReserve());
    EXPECT_TRUE(write(1)) << "what is small still has its place";
}

TEST_F(JournalWriterTest, AWriterStartsOnANearlyFullDisk) {
    writer.reset();
    // There is space for one segment, and for no second.
    static int left;
    left = 1;
    constexpr JournalDisk kNearlyFull = {moodyWrite, moodyFlush, [](int, off_t) {
                                             errno = ENOSPC;
                                             return left-- > 0 ? 0 : -1;
                                         }};
    std::string problem;
    writer = JournalWriter::create(directory, kInstance, problem, kSmall, kNearlyFull);
    ASSERT_TRUE(writer) << problem;
    EXPECT_TRUE(writer->isOnReserve());
    EXPECT_TRUE(write(1));
}

/// Until then this process opens no more files.
class NoFiles {
public:
    NoFiles() {
        getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit none{0, before_.rlim_max};
        setrlimit(RLIMIT_NOFILE, &none);
    }
    ~NoFiles() { setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

TEST_F(JournalWriterTest, AReserveThatCannotBeOpenedStaysForTheNextWrite) {
    static std::optional<NoFiles> noFiles;
    constexpr JournalDisk kFull = {moodyWrite, moodyFlush, [](int fd, off_t bytes) {
                                       if (disk.allocateError != 0) {
                                           noFiles.emplace();
                                       }
                                       return moodyAllocate(fd, bytes);
                                   }};
    std::string problem;
    writer = JournalWriter::create(directory, kInstance, problem, kSmall, kFull);
    ASSERT_TRUE(writer->write(std::string(kSmall - 100, 'x'), true).isDone);
    disk.allocateError = ENOSPC;
    const JournalWritten refused = writer->write(std::string(kSmall - 100, 'x'), true);
    noFiles.reset();
    EXPECT_EQ(refused.error, EMFILE);

    disk.allocateError = 0;
    const std::uint64_t number = writer->writer();
    EXPECT_TRUE(write(1)) << "the reserve has not taken the next segment's name";
    EXPECT_EQ(written(number).count(1), 1U);
    EXPECT_EQ(writer->reserveError(), 0);
}

TEST_F(JournalWriterTest, OnlyAFullDiskIsCalledFull) {
    for (const int error : {ENOSPC, EDQUOT, EMFILE, EIO}) {
        static int left;
        static int failure;
        left = 1;  // for a segment
        failure = error;
        constexpr JournalDisk kNoReserve = {moodyWrite, moodyFlush, [](int, off_t) {
                                                errno = failure;
                                                return left-- > 0 ? 0 : -1;
                                            }};
        std::string problem;
        writer = JournalWriter::create(directory, kInstance, problem, kSmall, kNoReserve);
        ASSERT_TRUE(writer) << problem;
        EXPECT_EQ(writer->reserveError(), error);
        EXPECT_EQ(writer->isOnReserve(), error == ENOSPC || error == EDQUOT) << error;
    }
}

}  // namespace

}  // namespace edgerun::store
