#include "edgerun/store/journal_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "store_journal_fixture.h"

namespace edgerun::store {

namespace {

constexpr SegmentHeader kHeader{0xa1, 0xbeef, 1, 1'800'000'000'000};
constexpr const char* kFirst = "00000000000000a1-00000001.journal";
constexpr const char* kLock = "00000000000000a1.lock";

class JournalFilesTest : public JournalDirectory {
protected:
    DirectoryListing list() { return listJournal(directory); }

    /// Its only problem, if it has one.
    std::string problem() {
        const DirectoryListing listing = list();
        EXPECT_LE(listing.problems.size(), 1U);
        return listing.problems.empty() ? "" : listing.problems.front();
    }

    /// What lockWriter() gives to another process.
    bool canAnotherLock(std::uint64_t writer) {
        const pid_t child = fork();
        if (child == 0) {
            _exit(lockWriter(directory, writer) ? 0 : 1);
        }
        int status = 0;
        waitpid(child, &status, 0);
        return status == 0;
    }
};

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST_F(JournalFilesTest, AHeaderSurvives) {
    const SegmentHeader header{0xfedcba9876543210, 0x123456789abcdef0, 99'999'999, -1};
    const std::string bytes = encodeSegmentHeader(header);
    ASSERT_EQ(bytes.size(), kSegmentHeaderBytes);
    HeaderFault fault{};
    const auto read = decodeSegmentHeader(bytes + "records", fault);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->writer, header.writer);
    EXPECT_EQ(read->instance, header.instance);
    EXPECT_EQ(read->number, header.number);
    EXPECT_EQ(read->createdWall, header.createdWall);
}

TEST_F(JournalFilesTest, NoHeaderIsReadWithAFlippedBitOrCut) {
    const std::string bytes = encodeSegmentHeader(kHeader);
    HeaderFault fault{};
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string flipped = bytes;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
        ASSERT_FALSE(decodeSegmentHeader(flipped, fault)) << bit;
        ASSERT_NE(fault, HeaderFault::LaterFormat) << bit;
    }
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        ASSERT_FALSE(decodeSegmentHeader(std::string_view(bytes).substr(0, size), fault)) << size;
        ASSERT_EQ(fault, HeaderFault::Torn) << size;
    }
}

TEST_F(JournalFilesTest, AListGathersTheFilesOfEachWriter) {
    put(kLock, "");
    for (const std::uint32_t number : {10U, 2U, 1U}) {
        putSegment({0xa1, 0xbeef, number, 0}, "");
    }
    putSegment({0xb2, 0xf00d, 7, 0}, "12345");
    put("00000000000000c3.lock", "");
    const DirectoryListing listing = list();
    EXPECT_TRUE(listing.problems.empty());
    ASSERT_EQ(listing.writers.size(), 3U);

    const WriterFiles& first = listing.writers[0];
    EXPECT_EQ(first.writer, 0xa1U);
    EXPECT_EQ(first.instance, 0xbeefU);
    ASSERT_EQ(first.segments.size(), 3U);
    EXPECT_EQ(first.segments[0].header.number, 1U);
    EXPECT_EQ(first.segments[1].header.number, 2U);
    EXPECT_EQ(first.segments[2].header.number, 10U);

    const WriterFiles& second = listing.writers[1];
    EXPECT_EQ(second.instance, 0xf00dU);
    ASSERT_EQ(second.segments.size(), 1U);
    EXPECT_EQ(second.segments[0].path, directory + "/00000000000000b2-00000007.journal");
    EXPECT_EQ(second.segments[0].bytes, kSegmentHeaderBytes + 5);

    EXPECT_EQ(listing.writers[2].writer, 0xc3U);
    EXPECT_EQ(listing.writers[2].instance, 0U);
    EXPECT_TRUE(listing.writers[2].segments.empty());
}

TEST_F(JournalFilesTest, OtherFilesAreNotLookedAt) {
    for (const char* name : {"zone",
                             "zone.new",
                             "loading.lock",
                             "a1.lock",
                             "00000000000000A1.lock",
                             "00000000000000a1.lock~",
                             "x00000000000000a1.lock",
                             "00000000000000a1",
                             "00000000000000a1-00000000.journal",
                             "00000000000000a1-0000001.journal",
                             "00000000000000a1-000000001.journal",
                             "00000000000000a1-+0000001.journal",
                             "00000000000000a1-00000001.journal.bak",
                             "00000000000000a1-0000000a.journal",
                             "00000000000000a1-00000001",
                             "00000000000000a1-",
                             "00000000000000a1_00000001.journal",
                             "00000000000000g1.lock",
                             "0x000000000000a1.lock",
                             ".lock",
                             "-00000001.journal"}) {
        put(name, "something");
    }
    const DirectoryListing listing = list();
    EXPECT_TRUE(listing.writers.empty());
    EXPECT_TRUE(listing.problems.empty());
}

TEST_F(JournalFilesTest, ASegmentThatWasNeverUsedIsTorn) {
    for (const std::string& bytes :
         {std::string(), std::string(30, '\0'), std::string(1000, '\0'),
          encodeSegmentHeader(kHeader).substr(0, 40),
          encodeSegmentHeader(kHeader).substr(0, 40) + std::string(500, '\0')}) {
        put(kFirst, bytes);
        const DirectoryListing listing = list();
        EXPECT_TRUE(listing.problems.empty());
        ASSERT_EQ(listing.writers.size(), 1U);
        EXPECT_EQ(listing.writers[0].torn, std::vector{directory + '/' + kFirst});
        EXPECT_TRUE(listing.writers[0].segments.empty());
    }
}

TEST_F(JournalFilesTest, ADamagedHeaderBeforeRecordsIsAProblem) {
    std::string bytes = encodeSegmentHeader(kHeader) + "records";
    bytes[20] = 'x';
    put(kFirst, bytes);
    EXPECT_TRUE(contains(problem(), "its header is damaged")) << problem();
    EXPECT_TRUE(list().writers[0].torn.empty());
}

TEST_F(JournalFilesTest, AFileThatIsNoSegmentIsAProblem) {
    put(kFirst, std::string(100, 'x'));
    EXPECT_TRUE(contains(problem(), "no journal of edgerun")) << problem();
    EXPECT_TRUE(contains(problem(), directory + '/' + kFirst)) << problem();
}

/// Any version keeps the places of magic, format and CRC.
std::string headerOfFormat(std::uint32_t format) {
    std::string header = encodeSegmentHeader(kHeader);
    header[8] = static_cast<char>(format);
    const auto crc =
        static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(header.data()), 60));
    std::memcpy(&header[60], &crc, sizeof(crc));
    return header;
}

TEST_F(JournalFilesTest, ASegmentOfALaterVersionIsAProblemThatSaysSo) {
    put(kFirst, headerOfFormat(kJournalFormat + 1));
    EXPECT_TRUE(contains(problem(), "a later version of edgerun wrote it")) << problem();
    EXPECT_TRUE(list().writers[0].torn.empty());
}

TEST_F(JournalFilesTest, ASegmentWithoutAFormatIsOfNoLaterVersion) {
    put(kFirst, headerOfFormat(0));
    EXPECT_TRUE(contains(problem(), "it is no journal of edgerun")) << problem();
}

TEST_F(JournalFilesTest, ASegmentUnderAnotherNameIsAProblem) {
    put("00000000000000a1-00000002.journal", encodeSegmentHeader(kHeader));
    EXPECT_TRUE(contains(problem(), "names another file")) << problem();
}

TEST_F(JournalFilesTest, SegmentsOfOneWriterAreOfOneZone) {
    putSegment({0xa1, 0xbeef, 1, 0}, "");
    putSegment({0xa1, 0xf00d, 2, 0}, "");
    EXPECT_TRUE(contains(problem(), "of another zone")) << problem();
    EXPECT_EQ(list().writers[0].segments.size(), 1U);
}

TEST_F(JournalFilesTest, LinksAndDirectoriesAreNotFollowed) {
    putSegment({0xb2, 0xbeef, 1, 0}, "");
    ASSERT_EQ(symlink("00000000000000b2-00000001.journal", (directory + '/' + kFirst).c_str()), 0);
    EXPECT_TRUE(contains(problem(), "cannot read")) << problem();
    unlink((directory + '/' + kFirst).c_str());
    ASSERT_EQ(mkdir((directory + '/' + kFirst).c_str(), 0700), 0);
    EXPECT_TRUE(contains(problem(), "cannot read")) << problem();
    rmdir((directory + '/' + kFirst).c_str());
    ASSERT_EQ(mkfifo((directory + '/' + kFirst).c_str(), 0600), 0);
    EXPECT_TRUE(contains(problem(), "cannot read")) << problem();
}

TEST_F(JournalFilesTest, ADirectoryThatIsNotThereIsAProblem) {
    const DirectoryListing listing = listJournal(directory + "/none");
    ASSERT_EQ(listing.problems.size(), 1U);
    EXPECT_TRUE(contains(listing.problems[0], "/none\": No such file"));
}

TEST_F(JournalFilesTest, OneProcessHoldsTheLockOfAWriter) {
    put(kLock, "");
    {
        const OpenFile lock = lockWriter(directory, 0xa1);
        EXPECT_TRUE(lock);
        EXPECT_FALSE(canAnotherLock(0xa1));
        EXPECT_FALSE(lockWriter(directory, 0xa1)) << "twice in one process";
    }
    EXPECT_TRUE(canAnotherLock(0xa1));
}

TEST_F(JournalFilesTest, ALockEndsWithItsProcess) {
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        const OpenFile lock = lockWriter(directory, 0xa1);
        const char held = lock ? 'y' : 'n';
        if (write(ready[1], &held, 1) == 1) {
            pause();
        }
        _exit(0);
    }
    char held = 0;
    ASSERT_EQ(read(ready[0], &held, 1), 1);
    EXPECT_EQ(held, 'y');
    EXPECT_FALSE(lockWriter(directory, 0xa1));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    EXPECT_TRUE(lockWriter(directory, 0xa1));
    close(ready[0]);
    close(ready[1]);
}

TEST_F(JournalFilesTest, WhoAsksForALockLeavesItAsItIs) {
    EXPECT_FALSE(isWriterLocked(directory, 0xa1));
    EXPECT_EQ(files(), 0U);
    const OpenFile lock = lockWriter(directory, 0xa1);
    EXPECT_TRUE(isWriterLocked(directory, 0xa1));
    EXPECT_FALSE(isWriterLocked(directory, 0xb2));
    EXPECT_FALSE(canAnotherLock(0xa1));
}

TEST_F(JournalFilesTest, AWriterWhoseLockFileIsMissingCanBeLocked) {
    putSegment(kHeader, "");
    EXPECT_TRUE(lockWriter(directory, 0xa1));
}

TEST_F(JournalFilesTest, ALockThatCannotBeHadSaysWhy) {
    const OpenFile lock = lockWriter(directory, 0xa1);
    EXPECT_FALSE(lockWriter(directory, 0xa1));
    EXPECT_EQ(errno, EWOULDBLOCK);
    std::filesystem::create_symlink("elsewhere", directory + "/00000000000000b2.lock");
    EXPECT_FALSE(lockWriter(directory, 0xb2));
    EXPECT_EQ(errno, ELOOP);
    EXPECT_FALSE(has("elsewhere"));
}

TEST_F(JournalFilesTest, AWriterBelongsToTheZoneThatClaimedIt) {
    putSegment(kHeader, "");
    put(kLock, "");
    EXPECT_EQ(list().writers[0].instance, kHeader.instance);
    ASSERT_TRUE(claimWriters(directory, {kHeader.writer, 0xb2}, 0xfedcba9876543210));
    EXPECT_EQ(list().writers[0].instance, 0xfedcba9876543210);
    EXPECT_EQ(list().writers[0].segments[0].header.instance, kHeader.instance);
    for (const char* none : {"", "x", "00000000000000a1 fedcba987654321G\n"}) {
        put("claims", none);
        EXPECT_EQ(list().writers[0].instance, kHeader.instance) << none;
    }
}

TEST_F(JournalFilesTest, ClaimsAreKeptForWritersThatAreThere) {
    putSegment(kHeader, "");
    put(kLock, "");
    ASSERT_TRUE(claimWriters(directory, {kHeader.writer, 0xb2}, 7));
    ASSERT_TRUE(claimWriters(directory, {0xc3}, 8));
    EXPECT_EQ(list().writers[0].instance, 7U);
    EXPECT_EQ(get("claims"),
              "00000000000000a1 0000000000000007\n00000000000000c3 0000000000000008\n");
}

TEST_F(JournalFilesTest, ClaimsAreMadeAllAtOnceOrNotAtAll) {
    putSegment(kHeader, "");
    put(kLock, "");
    ASSERT_TRUE(claimWriters(directory, {kHeader.writer}, 7));
    std::filesystem::create_directory(directory + "/claims.new");
    EXPECT_FALSE(claimWriters(directory, {kHeader.writer, 0xc3}, 8));
    EXPECT_EQ(list().writers[0].instance, 7U);
}

TEST_F(JournalFilesTest, AWriterWithoutSegmentsIsNobodysEvenIfClaimed) {
    put(kLock, "");
    ASSERT_TRUE(claimWriters(directory, {kHeader.writer}, 7));
    EXPECT_EQ(list().writers[0].instance, 0U);
}

TEST_F(JournalFilesTest, ARemovedWriterLeavesNothing) {
    put(kLock, "");
    putSegment(kHeader, "");
    put("00000000000000a1-00000002.journal", "");
    put("00000000000000a1.reserve", "");
    put("00000000000000b2.lock", "");
    const OpenFile lock = lockWriter(directory, 0xa1);
    removeWriter(directory, list().writers[0]);
    EXPECT_EQ(files(), 1U);
    EXPECT_TRUE(has("00000000000000b2.lock"));
}

TEST_F(JournalFilesTest, WhatIsReadIsWhatTheFileHolds) {
    const Segment segment = putSegment(kHeader, "records");
    const auto bytes = SegmentBytes::map(segment.path);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(bytes->all(), encodeSegmentHeader(kHeader) + "records");
    put("empty", "");
    EXPECT_TRUE(SegmentBytes::map(directory + "/empty")->all().empty());
    EXPECT_FALSE(SegmentBytes::map(directory + "/none"));
    EXPECT_EQ(errno, ENOENT);
    EXPECT_FALSE(SegmentBytes::map(directory));
}

}  // namespace

}  // namespace edgerun::store
