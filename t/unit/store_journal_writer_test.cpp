#include "edgerun/store/journal_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "store_journal_fixture.h"

namespace {

/// Happens once, before the next flock() of this process.
std::function<void()> beforeFlock;

}  // namespace

/// In place of the C library's.
extern "C" int flock(int fd, int operation) noexcept {
    if (const auto event = std::exchange(beforeFlock, nullptr)) {
        event();
    }
    return static_cast<int>(syscall(SYS_flock, fd, operation));
}

namespace edgerun::store {

namespace {

/// What the disk of these tests does to the calls to come; each test has its own.
struct DiskMood {
    int writeError = 0;
    int flushError = 0;
    int allocateError = 0;
    bool isInterrupted = false;  ///< every other write, and short ones between them
    unsigned flushes = 0;
};
DiskMood disk;

ssize_t moodyWrite(int fd, const void* bytes, std::size_t size, off_t at) {
    static bool isTurn = false;
    if (disk.writeError != 0) {
        errno = disk.writeError;
        return -1;
    }
    if (!disk.isInterrupted) {
        return pwrite(fd, bytes, size, at);
    }
    isTurn = !isTurn;
    errno = EINTR;
    return isTurn ? -1 : pwrite(fd, bytes, std::min<std::size_t>(size, 7), at);
}

int moodyFlush(int fd) {
    ++disk.flushes;
    if (disk.flushError != 0) {
        errno = disk.flushError;
        return -1;
    }
    return fdatasync(fd);
}

int moodyAllocate(int fd, off_t bytes) {
    if (disk.allocateError != 0) {
        errno = disk.allocateError;
        return -1;
    }
    return fallocate(fd, 0, 0, bytes);
}

constexpr JournalDisk kMoodyDisk = {moodyWrite, moodyFlush, moodyAllocate};
constexpr std::uint64_t kInstance = 0xbeef;
constexpr std::size_t kSmall = 4096;

std::string goneFrame(std::uint8_t number) {
    std::string frame;
    appendGone(frame, journalId(number), {1, 1});
    return frame;
}

std::string frames(std::uint8_t from, std::uint8_t to) {
    std::string frames;
    for (; from < to; ++from) {
        frames += goneFrame(from);
    }
    return frames;
}

class JournalWriterTest : public JournalDirectory {
protected:
    JournalWriterTest() {
        disk = {};
        writer = make();
    }

    std::unique_ptr<JournalWriter> make(std::size_t segmentBytes = kSmall) {
        std::string problem;
        auto made = JournalWriter::create(directory, kInstance, problem, segmentBytes, kMoodyDisk);
        EXPECT_TRUE(made) << problem;
        return made;
    }

    bool write(std::uint8_t number, bool flush = true) {
        return writer->write(goneFrame(number), flush).isDone;
    }

    /// The numbers of all records in the directory, or of one writer's.
    std::multiset<int> written(std::uint64_t of = 0) {
        std::multiset<int> numbers;
        for (const WriterFiles& files : listJournal(directory).writers) {
            if (of != 0 && of != files.writer) {
                continue;
            }
            for (const Segment& segment : files.segments) {
                const auto bytes = SegmentBytes::map(segment.path);
                JournalScan scan(bytes->all().substr(kSegmentHeaderBytes));
                while (const auto view = scan.next()) {
                    numbers.insert(view->head.id[5]);
                }
            }
        }
        return numbers;
    }

    std::vector<Segment> segments() {
        const auto listing = listJournal(directory);
        return listing.writers.empty() ? std::vector<Segment>() : listing.writers[0].segments;
    }

    std::unique_ptr<JournalWriter> writer;
};

using Numbers = std::multiset<int>;

TEST_F(JournalWriterTest, ItHasALockASegmentAndAReserve) {
    EXPECT_EQ(files(), 3U);
    const auto listing = listJournal(directory);
    ASSERT_EQ(listing.writers.size(), 1U);
    EXPECT_EQ(listing.writers[0].writer, writer->writer());
    EXPECT_EQ(listing.writers[0].instance, kInstance);
    ASSERT_EQ(listing.writers[0].segments.size(), 1U);
    EXPECT_EQ(listing.writers[0].segments[0].header.number, 1U);
    EXPECT_GT(listing.writers[0].segments[0].header.createdWall, 1'700'000'000'000);
    EXPECT_EQ(listing.writers[0].segments[0].bytes, kSmall);
    EXPECT_FALSE(lockWriter(directory, writer->writer()));
    EXPECT_FALSE(writer->isOnReserve());
    for (const auto& file : std::filesystem::directory_iterator(directory)) {
        struct stat status;
        ASSERT_EQ(stat(file.path().c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777U, 0600U) << file.path();
    }
}

TEST_F(JournalWriterTest, WhatItWritesIsThere) {
    EXPECT_TRUE(write(1));
    EXPECT_TRUE(writer->write(frames(2, 5), true).isDone);
    EXPECT_EQ(written(), (Numbers{1, 2, 3, 4}));
}

TEST_F(JournalWriterTest, ItFlushesOnceForAWriteAndNotWithoutNeed) {
    disk.flushes = 0;
    EXPECT_TRUE(writer->write(frames(1, 9), true).isDone);
    EXPECT_EQ(disk.flushes, 1U);
    EXPECT_TRUE(writer->flush().isDone);
    EXPECT_EQ(disk.flushes, 1U);
    EXPECT_TRUE(write(9, false));
    EXPECT_EQ(disk.flushes, 1U);
    EXPECT_TRUE(writer->flush().isDone);
    EXPECT_EQ(disk.flushes, 2U);
}

TEST_F(JournalWriterTest, InterruptedAndShortWritesAreCarriedOn) {
    disk.isInterrupted = true;
    EXPECT_TRUE(writer->write(frames(1, 9), true).isDone);
    EXPECT_EQ(written(), (Numbers{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST_F(JournalWriterTest, AFullSegmentIsFollowedByTheNext) {
    const std::string half((kSmall - kSegmentHeaderBytes) / 2, 'x');
    EXPECT_TRUE(writer->write(half, true).isDone);
    EXPECT_TRUE(writer->write(half, true).isDone);
    EXPECT_TRUE(writer->sealed().empty()) << "full to the last byte";
    EXPECT_TRUE(writer->write("x", true).isDone);
    ASSERT_EQ(writer->sealed().size(), 1U);
    EXPECT_EQ(writer->sealed()[0].header.number, 1U);
    EXPECT_EQ(writer->sealed()[0].bytes, kSmall);
    ASSERT_EQ(segments().size(), 2U);
    EXPECT_EQ(segments()[1].header.number, 2U);
}

TEST_F(JournalWriterTest, WhatWasNotFlushedIsWhenItsSegmentEnds) {
    disk.flushes = 0;
    EXPECT_TRUE(writer->write(std::string(3000, 'x'), false).isDone);
    EXPECT_TRUE(writer->write(std::string(3000, 'x'), false).isDone);
    EXPECT_EQ(disk.flushes, 2U) << "the old segment, and the new one's header";
}

TEST_F(JournalWriterTest, ARecordLargerThanASegmentGetsOneOfItsSize) {
    const std::string large(3 * kSmall, 'x');
    EXPECT_TRUE(write(1));
    EXPECT_TRUE(writer->write(large, true).isDone);
    EXPECT_TRUE(write(2));
    ASSERT_EQ(segments().size(), 3U);
    EXPECT_EQ(segments()[1].bytes, kSegmentHeaderBytes + large.size());
    EXPECT_EQ(segments()[2].bytes, kSmall);
}

TEST_F(JournalWriterTest, AFileSystemThatReservesNothingWillDo) {
    for (const int error : {EOPNOTSUPP, ENOSYS}) {
        disk.allocateError = error;
        writer = make();
        EXPECT_TRUE(write(1));
        EXPECT_FALSE(writer->isOnReserve());
        EXPECT_EQ(written(writer->writer()), Numbers{1});
    }
}

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

// --- what is written no more ---

TEST_F(JournalWriterTest, AnOldSegmentIsSealedOnce) {
    constexpr std::int64_t kLater = 4'000'000'000'000;
    writer->sealIfOlder(kLater);
    EXPECT_TRUE(writer->sealed().empty()) << "it holds nothing";
    EXPECT_TRUE(write(1, false));
    writer->sealIfOlder(segments()[0].header.createdWall);
    EXPECT_TRUE(writer->sealed().empty()) << "it is no older";
    disk.flushes = 0;
    writer->sealIfOlder(kLater);
    writer->sealIfOlder(kLater);
    EXPECT_EQ(disk.flushes, 1U);
    ASSERT_EQ(writer->sealed().size(), 1U);
    EXPECT_EQ(writer->sealed()[0].bytes, kSegmentHeaderBytes + goneFrame(1).size());
    EXPECT_TRUE(writer->flush().isDone) << "with no segment at all";
    EXPECT_TRUE(write(2));
    EXPECT_EQ(written(), (Numbers{1, 2}));
}

TEST_F(JournalWriterTest, TheNextCallHearsOfAFlushThatFailedWhenSealing) {
    for (const bool byWrite : {true, false}) {
        EXPECT_TRUE(write(1, false));
        disk.flushError = EIO;
        writer->sealIfOlder(4'000'000'000'000);
        disk.flushError = 0;
        const JournalWritten told = byWrite ? writer->write(goneFrame(9), true) : writer->flush();
        EXPECT_FALSE(told.isDone);
        EXPECT_EQ(told.error, EIO);
        EXPECT_TRUE(write(2)) << "once";
    }
    EXPECT_EQ(written().count(9), 0U);
}

TEST_F(JournalWriterTest, ASealedSegmentIsRemoved) {
    EXPECT_TRUE(write(1));
    writer->sealIfOlder(4'000'000'000'000);
    EXPECT_TRUE(write(2));
    writer->remove(writer->sealed()[0]);
    EXPECT_TRUE(writer->sealed().empty());
    EXPECT_EQ(written(), Numbers{2});
    EXPECT_FALSE(lockWriter(directory, writer->writer())) << "its own lock stays";
}

TEST_F(JournalWriterTest, AWriterThatIsTakenOverGoesWithItsLastSegment) {
    put("00000000000000a1.lock", "");
    put("00000000000000a1.reserve", "");
    put("00000000000000a1-00000003.journal", "");
    putSegment({0xa1, kInstance, 1, 5000}, frames(1, 3));
    putSegment({0xa1, kInstance, 2, 4000}, frames(3, 5));
    const std::size_t own = 3;
    OpenFile lock = lockWriter(directory, 0xa1);
    ASSERT_TRUE(lock);
    writer->takeOver(listJournal(directory).writers[0], std::move(lock));
    ASSERT_EQ(writer->sealed().size(), 2U);
    EXPECT_EQ(writer->sealed()[0].header.number, 2U) << "the oldest first";
    EXPECT_FALSE(lockWriter(directory, 0xa1));

    writer->remove(writer->sealed()[0]);
    EXPECT_FALSE(lockWriter(directory, 0xa1));
    EXPECT_EQ(written(), (Numbers{1, 2}));
    writer->remove(writer->sealed()[0]);
    EXPECT_EQ(files(), own);
}

TEST_F(JournalWriterTest, AWriterWithoutSegmentsGoesAtOnce) {
    put("00000000000000a1.lock", "");
    put("00000000000000a1-00000001.journal", "");
    writer->takeOver(listJournal(directory).writers[0], lockWriter(directory, 0xa1));
    EXPECT_EQ(files(), 3U);
}

TEST_F(JournalWriterTest, AnUnknownSegmentIsNotRemoved) {
    const Segment other = putSegment({0xa1, kInstance, 1, 0}, "");
    writer->remove(other);
    EXPECT_TRUE(has("00000000000000a1-00000001.journal"));
}

// --- the end ---

TEST_F(JournalWriterTest, WithoutRecordsItLeavesNothing) {
    writer.reset();
    EXPECT_EQ(files(), 0U);
}

TEST_F(JournalWriterTest, ItLeavesItsRecordsToWhoeverLocksThem) {
    EXPECT_TRUE(write(1));
    const std::uint64_t number = writer->writer();
    writer.reset();
    EXPECT_EQ(files(), 2U) << "lock and segment";
    EXPECT_TRUE(lockWriter(directory, number));
    EXPECT_EQ(written(), Numbers{1});
}

TEST_F(JournalWriterTest, ADeadProcessLeavesWhatItWrote) {
    const pid_t child = fork();
    if (child == 0) {
        const auto mine = make();
        _exit(mine->write(frames(1, 9), false).isDone ? 0 : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(written().size(), 8U);
    EXPECT_EQ(listJournal(directory).writers.size(), 2U);
}

/// Locks the only writer there is, before its maker does.
OpenFile lockFirst(const std::string& directory) {
    const DirectoryListing listing = listJournal(directory);
    return listing.writers.size() == 1 ? lockWriter(directory, listing.writers[0].writer)
                                       : OpenFile();
}

TEST_F(JournalWriterTest, ANewWriterWhoseLockAnotherHasTakesAnotherNumber) {
    writer.reset();
    OpenFile theirs;
    beforeFlock = [&] { theirs = lockFirst(directory); };
    const auto mine = make();
    EXPECT_TRUE(theirs);
    EXPECT_TRUE(mine->write(goneFrame(1), true).isDone);
    EXPECT_TRUE(isWriterLocked(directory, mine->writer()));
    EXPECT_EQ(written(mine->writer()), Numbers{1});
    EXPECT_EQ(listJournal(directory).writers.size(), 2U);
}

TEST_F(JournalWriterTest, ANewWriterWhoseLockWasRemovedTakesAnotherNumber) {
    writer.reset();
    bool isRemoved = false;
    beforeFlock = [&] {
        const OpenFile lock = lockFirst(directory);
        removeWriter(directory, listJournal(directory).writers.at(0));
        isRemoved = static_cast<bool>(lock);
    };
    const auto mine = make();
    EXPECT_TRUE(isRemoved);
    EXPECT_TRUE(isWriterLocked(directory, mine->writer()));
    EXPECT_EQ(files(), 3U);
}

TEST_F(JournalWriterTest, ALockOnAFileThatWasRemovedIsNone) {
    const std::uint64_t other = writer->writer();
    EXPECT_TRUE(write(1));
    writer.reset();
    beforeFlock = [&] {
        const OpenFile lock = lockWriter(directory, other);
        removeWriter(directory, listJournal(directory).writers.at(0));
    };
    EXPECT_FALSE(lockWriter(directory, other));
}

}  // namespace

}  // namespace edgerun::store
