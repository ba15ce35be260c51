#pragma once

#include <dlfcn.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

/// disk.so, preloaded into a program under test (LD_PRELOAD): the disk under one directory loses in
/// a power cut what was not flushed, and is slow, full or failing when told so. Calls that concern
/// other files pass through.
///
///   EDGERUN_DISK_DIR       the directory (absolute, without links or folders)
///   EDGERUN_DISK_SHADOW    where to keep what a power cut leaves, on the same file system:
///                          inodes/N  content as of the last flush of file N
///                          pins/N    a link to that file, so that its number is not used again
///                          names     "N MODE UID GID NAME" lines, as of the directory's last flush
///   EDGERUN_DISK_CONTROL   a file that holds a Control, which a test changes at any time
///   EDGERUN_DISK_DELAY_MS  without a control file: how much longer each flush takes
///
/// Content reaches the shadow by fsync and fdatasync of its file only, names by fsync of the
/// directory only. Not seen: writes through mappings, and what one process wrote and another
/// flushes.
namespace faults {

/// What a test sets, then what it reads. A number of failures below 0: all.
struct Control {
    std::atomic<std::int64_t> delayMs;      ///< longer takes each flush, or until it says less
    std::atomic<std::int64_t> failFlushes;  ///< so many fail: EIO, and their data are lost for good
    std::atomic<std::int64_t> failWrites;   ///< so many fail: ENOSPC
    std::atomic<std::int64_t> isFull;       ///< no file gets more space than it has: ENOSPC
    std::atomic<std::int64_t> flushes;      ///< that succeeded
    std::atomic<std::int64_t> failedFlushes;
    std::atomic<std::int64_t> writes;           ///< that succeeded
    std::atomic<std::int64_t> failedWrites;     ///< and allocations
    std::atomic<std::int64_t> failNameFlushes;  ///< so many of the directory fail: EIO
};

[[noreturn]] void giveUp(const std::string& what);

/// An open file, closed in the end.
class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ != -1) {
            ::close(fd_);
        }
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int fd() const { return fd_; }
    explicit operator bool() const { return fd_ != -1; }

private:
    int fd_;
};

/// The part of a file that was written since its last flush.
struct Part {
    off_t from = 0;
    off_t to = 0;
};

/// All that this process knows of the disk.
struct Disk {
    std::string directory;
    std::string shadow;
    Control ownControl{};
    Control* control = &ownControl;
    std::mutex lock;
    std::map<ino_t, Part> unflushed;

    Disk();
};

Disk& disk();

/// The function of the C library.
template <typename Function>
Function* next(Function* /*type*/, const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

/// What a call is about.
enum class Place { Elsewhere, File, Directory };

Place placeOf(int fd, struct stat& status);

/// A name of the open file, while it is open.
std::string linkOf(int fd);

/// One of so many failures that were asked for.
bool isToFail(std::atomic<std::int64_t>& left);

void noteWrite(ino_t inode, Part part);
/// And from now on nothing of it counts as written.
Part takeUnflushed(ino_t inode);

}  // namespace faults
