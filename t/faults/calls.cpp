/// What the program calls instead of the C library.

#include <fcntl.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "disk.h"
#include "shadow.h"

using namespace faults;

namespace {

/// Is a write or an allocation up to `end` refused?
bool isRefused(const struct stat& status, off_t end) {
    Control& control = *disk().control;
    const off_t allocated = std::max<off_t>(status.st_size, status.st_blocks * 512);
    const bool isRefused = isToFail(control.failWrites) || (control.isFull != 0 && end > allocated);
    if (isRefused) {
        ++control.failedWrites;
        errno = ENOSPC;
    }
    return isRefused;
}

off_t positionOf(int fd, const struct stat& status) {
    const bool appends = (static_cast<unsigned>(::fcntl(fd, F_GETFL)) & O_APPEND) != 0;
    return appends ? status.st_size : ::lseek(fd, 0, SEEK_CUR);
}

off_t sizeOf(const struct iovec* parts, int count) {
    off_t size = 0;
    for (int i = 0; i < count; ++i) {
        size += static_cast<off_t>(parts[i].iov_len);
    }
    return size;
}

constexpr off_t kHere = -1;

/// `call` writes `size` bytes at `offset`, or where the file stands.
template <typename Call>
ssize_t writeBy(const Call& call, int fd, off_t offset, off_t size) {
    struct stat status {};
    if (placeOf(fd, status) != Place::File) {
        return call();
    }
    const off_t from = offset == kHere ? positionOf(fd, status) : offset;
    if (isRefused(status, from + size)) {
        return -1;
    }
    const ssize_t written = call();
    if (written > 0) {
        ++disk().control->writes;
        noteWrite(status.st_ino, {from, from + written});
    }
    return written;
}

/// As long as the control says: a test may end it at any time.
void beSlow(const Control& control) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begin = Clock::now();
    while (Clock::now() - begin < std::chrono::milliseconds(control.delayMs)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

int flush(int fd, int (*next)(int)) {
    struct stat status {};
    const Place place = placeOf(fd, status);
    if (place == Place::Elsewhere) {
        return next(fd);
    }
    Control& control = *disk().control;
    beSlow(control);
    if (isToFail(control.failFlushes) ||
        (place == Place::Directory && isToFail(control.failNameFlushes))) {
        // As Linux does it: the pages count as clean now, and another flush succeeds.
        takeUnflushed(status.st_ino);
        ++control.failedFlushes;
        errno = EIO;
        return -1;
    }
    const int result = next(fd);
    if (result == 0) {
        ++control.flushes;
    }
    if (result == 0 && !disk().shadow.empty()) {
        place == Place::File ? keepContent(fd, status.st_ino) : keepNames();
    }
    return result;
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* bytes, size_t size) {
    static const auto real = next(&::write, "write");
    return writeBy([&] { return real(fd, bytes, size); }, fd, kHere, static_cast<off_t>(size));
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
    static const auto real = next(&::pwrite, "pwrite");
    return writeBy([&] { return real(fd, bytes, size, offset); }, fd, offset,
                   static_cast<off_t>(size));
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
    static const auto real = next(&::writev, "writev");
    return writeBy([&] { return real(fd, parts, count); }, fd, kHere, sizeOf(parts, count));
}

ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t offset) {
    static const auto real = next(&::pwritev, "pwritev");
    return writeBy([&] { return real(fd, parts, count, offset); }, fd, offset,
                   sizeOf(parts, count));
}

int ftruncate(int fd, off_t size) noexcept {
    static const auto real = next(&::ftruncate, "ftruncate");
    struct stat status {};
    const bool isOurs = placeOf(fd, status) == Place::File;
    const int result = real(fd, size);
    if (isOurs && result == 0) {
        noteWrite(status.st_ino, {std::min(size, status.st_size), std::max(size, status.st_size)});
    }
    return result;
}

int fallocate(int fd, int mode, off_t offset, off_t size) {
    static const auto real = next(&::fallocate, "fallocate");
    struct stat status {};
    const bool isOurs = placeOf(fd, status) == Place::File;
    return isOurs && isRefused(status, offset + size) ? -1 : real(fd, mode, offset, size);
}

int posix_fallocate(int fd, off_t offset, off_t size) {
    static const auto real = next(&::posix_fallocate, "posix_fallocate");
    struct stat status {};
    const bool isOurs = placeOf(fd, status) == Place::File;
    return isOurs && isRefused(status, offset + size) ? ENOSPC : real(fd, offset, size);
}

int fsync(int fd) {
    static const auto real = next(&::fsync, "fsync");
    return flush(fd, real);
}

int fdatasync(int fd) {
    static const auto real = next(&::fdatasync, "fdatasync");
    return flush(fd, real);
}

// Programs that were compiled for large files call these names.
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
    return pwrite(fd, bytes, size, offset);
}

ssize_t pwritev64(int fd, const struct iovec* parts, int count, off64_t offset) {
    return pwritev(fd, parts, count, offset);
}

int ftruncate64(int fd, off64_t size) noexcept {
    return ftruncate(fd, size);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t size) {
    return fallocate(fd, mode, offset, size);
}

int posix_fallocate64(int fd, off64_t offset, off64_t size) {
    return posix_fallocate(fd, offset, size);
}

}  // extern "C"
