#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "edgerun/store/journal_files.h"
#include "journal_names.h"

/// WRITER.lock: held while the writer's process lives.
namespace edgerun::store {

namespace {

/// A pipe of that name must not hold us up.
constexpr int kCareful = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

}  // namespace

OpenFile lockWriter(const std::string& directory, std::uint64_t writer) {
    // Made if it is missing: files whose lock somebody has removed must not stay for ever.
    const std::string path = lockPath(directory, writer);
    OpenFile file(open(path.c_str(), O_RDWR | O_CREAT | kCareful, 0600));
    if (!file || flock(file.fd(), LOCK_EX | LOCK_NB) != 0) {
        return OpenFile();
    }
    if (!isStillNamed(file, path)) {
        // Whoever had the lock before has removed the file, and the lock with it.
        errno = EWOULDBLOCK;
        return OpenFile();
    }
    return file;
}

bool isWriterLocked(const std::string& directory, std::uint64_t writer) {
    const OpenFile file(open(lockPath(directory, writer).c_str(), O_RDONLY | kCareful));
    return file && flock(file.fd(), LOCK_SH | LOCK_NB) != 0;
}

}  // namespace edgerun::store
