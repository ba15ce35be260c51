#include "journal_segment.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace edgerun::store {

namespace {

int allocateFromStart(int fd, off_t bytes) {
    return fallocate(fd, 0, 0, bytes);
}

bool allocate(const JournalDisk& disk, int fd, std::size_t bytes) {
    int failed;
    do {
        failed = disk.allocate(fd, static_cast<off_t>(bytes));
    } while (failed != 0 && errno == EINTR);
    // Some file systems cannot; then the file grows as it is written.
    return failed == 0 || errno == EOPNOTSUPP || errno == ENOSYS;
}

void removeKeepingError(const std::string& path) {
    const int error = errno;
    unlink(path.c_str());
    errno = error;
}

std::string directoryOf(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

}  // namespace

const JournalDisk kSystemDisk = {pwrite, fdatasync, allocateFromStart};

bool isDiskFull(int error) {
    return error == ENOSPC || error == EDQUOT;
}

OpenFile makeAllocated(const JournalDisk& disk, const std::string& path, std::size_t bytes) {
    OpenFile file(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file && !allocate(disk, file.fd(), bytes)) {
        removeKeepingError(path);
        return OpenFile();
    }
    return file;
}

std::optional<OpenSegment> OpenSegment::begin(const JournalDisk& disk, OpenFile file,
                                              const std::string& path, const SegmentHeader& header,
                                              std::size_t capacity) {
    // With its name, and whatever the journal's sync mode: a header that is not on the disk makes
    // all records behind it worthless.
    if (!writeAll(disk.write, file.fd(), encodeSegmentHeader(header), 0) ||
        disk.flush(file.fd()) != 0 || !flushDirectory(directoryOf(path))) {
        removeKeepingError(path);
        return std::nullopt;
    }
    return OpenSegment(disk, std::move(file), {path, header, kSegmentHeaderBytes}, capacity);
}

OpenSegment::OpenSegment(const JournalDisk& disk, OpenFile file, Segment segment,
                         std::size_t capacity)
    : disk_(&disk), file_(std::move(file)), segment_(std::move(segment)), capacity_(capacity) {}

bool OpenSegment::append(std::string_view frames) {
    isFlushed_ = false;
    if (!writeAll(disk_->write, file_.fd(), frames, segment_.bytes)) {
        return false;
    }
    segment_.bytes += frames.size();
    return true;
}

bool OpenSegment::flush() {
    isFlushed_ = isFlushed_ || disk_->flush(file_.fd()) == 0;
    return isFlushed_;
}

Segment OpenSegment::close() && {
    file_ = OpenFile();
    return std::move(segment_);
}

}  // namespace edgerun::store
