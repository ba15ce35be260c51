#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/store/journal_disk.h"
#include "edgerun/store/journal_files.h"

namespace edgerun::store {

/// What became of a write. After a failure the segment is closed and never written or flushed
/// again: what a failed flush left unwritten, Linux takes for clean. What was flushed before
/// stands. Nothing of the failed write counts, yet all of it, some or none may be on the disk, and
/// a replay reads it: a job whose acceptance failed may come back, and a step that is written again
/// in the next segment stands there twice, as the same.
struct JournalWritten {
    bool isDone = false;
    int error = 0;               ///< errno
    std::string_view what = {};  ///< "write", "flush", "create a segment"; static
};

/// One process's own part of a journal directory. Blocks on the disk: not for an event loop. Not
/// thread-safe; may be used by one thread after another.
class JournalWriter {
public:
    static constexpr std::size_t kSegmentBytes = 16 * 1024 * 1024;

    /// Makes its lock, first segment and reserve. Null, with `problem` saying why, if it cannot;
    /// without a reserve it goes on (reserveError()).
    static std::unique_ptr<JournalWriter> create(const std::string& directory,
                                                 std::uint64_t instance, std::string& problem,
                                                 std::size_t segmentBytes = kSegmentBytes,
                                                 const JournalDisk& disk = kSystemDisk);
    /// Gives its files to whoever locks them; leaves none if it holds no record.
    ~JournalWriter();
    JournalWriter(const JournalWriter&) = delete;
    JournalWriter& operator=(const JournalWriter&) = delete;

    std::uint64_t writer() const { return writer_; }

    /// Appends frames (appendWhole() and the others); begins a new segment when they do not fit
    /// or the present one has failed, in the reserve if the disk is full. `flush`: they and all
    /// before them are on the disk when this returns.
    JournalWritten write(std::string_view frames, bool flush);
    /// What was written without being flushed is on the disk when this returns.
    JournalWritten flush();

    /// Why there is no reserve (errno); 0 if there is one. Writes try to make a new one, once a
    /// second and with each new segment.
    int reserveError() const;
    /// The disk is full: what is written now uses the reserve up, or it is used up.
    bool isOnReserve() const;

    /// The present segment is closed, flushed, if it holds anything and began before `before` (Unix
    /// ms). If that fails, the next write or flush tells it.
    void sealIfOlder(std::int64_t before);
    /// Segments that are written no more, those that failed among them; oldest first.
    const std::vector<Segment>& sealed() const { return sealed_; }
    /// Takes over segments of a writer that is gone, with its lock: they count as sealed.
    void takeOver(WriterFiles files, OpenFile lock);
    /// Removes a sealed segment whose jobs stand elsewhere, flushed. A writer that was taken over
    /// goes with its last one. The directory is not flushed: should the segment be back after a
    /// power cut, all that it says is older than, or equal to, what stands elsewhere.
    void remove(const Segment& segment);

private:
    struct Files;
    explicit JournalWriter(std::unique_ptr<Files> files);

    JournalWritten makeRoom(std::size_t bytes);
    JournalWritten beginSegment(std::size_t bytes);
    OpenFile openNext(const std::string& path, std::size_t bytes);
    OpenFile renameReserve(const std::string& path);
    JournalWritten flushPresent();
    JournalWritten fail(std::string_view what);
    void seal();
    void keepReserve();
    void makeReserve();

    std::uint64_t writer_;
    std::vector<Segment> sealed_;
    std::unique_ptr<Files> files_;
};

}  // namespace edgerun::store
