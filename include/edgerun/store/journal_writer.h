#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/store/journal_files.h"

namespace edgerun::store {

/// What became of a write. After a failure nothing of it counts, though some may be on the disk;
/// the segment is closed and never written or flushed again.
struct JournalWritten {
    bool isDone = false;
    int error = 0;              ///< errno
    std::string_view what = {};  ///< "write", "flush", "create a segment"; static
};

/// One process's own part of a journal directory. Blocks on the disk: not for an event loop. Not
/// thread-safe; may be used by one thread after another.
class JournalWriter {
public:
    static constexpr std::size_t kSegmentBytes = 16 * 1024 * 1024;

    /// Makes its lock, first segment and reserve. Null, with `problem` saying why, if it cannot.
    static std::unique_ptr<JournalWriter> create(const std::string& directory,
                                                 std::uint64_t instance, std::string& problem,
                                                 std::size_t segmentBytes = kSegmentBytes);
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

    /// The disk is full: what is written now uses the reserve up. Tried anew at each write.
    bool isOnReserve() const { return isOnReserve_; }

    /// The present segment is closed if it holds anything and began before `before` (Unix ms).
    void sealIfOlder(std::int64_t before);
    /// Segments that are written no more, those that failed among them; oldest first.
    const std::vector<Segment>& sealed() const { return sealed_; }
    /// Takes over segments of a writer that is gone, with its lock: they count as sealed.
    void takeOver(WriterFiles files, OpenFile lock);
    /// Removes a sealed segment whose jobs stand elsewhere, flushed. A writer that was taken over
    /// goes with its last one.
    void remove(const Segment& segment);

private:
    JournalWriter() = default;

    std::uint64_t writer_ = 0;
    bool isOnReserve_ = false;
    std::vector<Segment> sealed_;
    struct Files;
    std::unique_ptr<Files> files_;
};

}  // namespace edgerun::store
