#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "edgerun/store/journal_disk.h"
#include "edgerun/store/journal_files.h"

namespace edgerun::store {

/// Is it the disk, or the user's share of it, that is full?
bool isDiskFull(int error);

/// A new file with `bytes` of the disk to itself, where the file system can give it that. Empty,
/// with errno, and no file, if it cannot.
OpenFile makeAllocated(const JournalDisk& disk, const std::string& path, std::size_t bytes);

/// The segment that a writer appends to.
class OpenSegment {
public:
    /// Writes the header into `file`, which is at header's path, and flushes it and its name.
    /// nullopt with errno; the file is removed then.
    static std::optional<OpenSegment> begin(const JournalDisk& disk, OpenFile file,
                                            const std::string& path, const SegmentHeader& header,
                                            std::size_t capacity);

    const SegmentHeader& header() const { return segment_.header; }
    bool fits(std::size_t bytes) const { return bytes <= capacity_ - segment_.bytes; }
    bool isEmpty() const { return segment_.bytes == kSegmentHeaderBytes; }

    /// False with errno; then the segment must be given up.
    bool append(std::string_view frames);
    /// Likewise. Does nothing if all is flushed.
    bool flush();

    /// What it holds; closes the file.
    Segment close() &&;

private:
    OpenSegment(const JournalDisk& disk, OpenFile file, Segment segment, std::size_t capacity);

    const JournalDisk* disk_;
    OpenFile file_;
    Segment segment_;
    std::size_t capacity_;
    bool isFlushed_ = true;
};

}  // namespace edgerun::store
