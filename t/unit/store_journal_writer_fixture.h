#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "edgerun/store/journal_writer.h"
#include "store_journal_fixture.h"

namespace edgerun::store {

/// What the disk of these tests does to the calls to come; each test has its own.
struct DiskMood {
    int writeError = 0;
    int flushError = 0;
    int allocateError = 0;
    bool isInterrupted = false;  ///< every other write, and short ones between them
    unsigned flushes = 0;
};
inline DiskMood disk;

inline ssize_t moodyWrite(int fd, const void* bytes, std::size_t size, off_t at) {
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

inline int moodyFlush(int fd) {
    ++disk.flushes;
    if (disk.flushError != 0) {
        errno = disk.flushError;
        return -1;
    }
    return fdatasync(fd);
}

inline int moodyAllocate(int fd, off_t bytes) {
    if (disk.allocateError != 0) {
        errno = disk.allocateError;
        return -1;
    }
    return fallocate(fd, 0, 0, bytes);
}

inline constexpr JournalDisk kMoodyDisk = {moodyWrite, moodyFlush, moodyAllocate};
inline constexpr std::uint64_t kInstance = 0xbeef;
inline constexpr std::size_t kSmall = 4096;

inline std::string goneFrame(std::uint8_t number) {
    std::string frame;
    appendGone(frame, journalId(number), {1, 1});
    return frame;
}

inline std::string frames(std::uint8_t from, std::uint8_t to) {
    std::string frames;
    for (; from < to; ++from) {
        frames += goneFrame(from);
    }
    return frames;
}

class JournalWriterTest : public JournalDirectory {
protected:
    using Numbers = std::multiset<int>;

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
    Numbers written(std::uint64_t of = 0) {
        Numbers numbers;
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

}  // namespace edgerun::store
