#include "edgerun/store/journal_writer.h"

#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <utility>

#include "store_journal_writer_fixture.h"

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
