#include "edgerun/store/whole_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "edgerun/store/crash_point.h"
#include "open_directory.h"

namespace edgerun::store {

namespace {

constexpr mode_t kFirstMode = 0640;
constexpr mode_t kLockMode = 0640;
constexpr std::string_view kTemporary = ".new-";
constexpr std::string_view kAny = "XXXXXX";  // as mkostemp() wants it
constexpr std::int64_t kSecond = 1'000'000'000;

FileStamp stampOf(const struct stat& status) {
    return {status.st_dev, status.st_ino,
            static_cast<std::int64_t>(status.st_mtim.tv_sec) * kSecond + status.st_mtim.tv_nsec,
            static_cast<std::uint64_t>(status.st_size)};
}

/// What a path names, its folder, and its name there.
struct Target {
    std::string path;
    std::string directory;
    std::string name;
};

/// Others follow a link to the file: it must stay one.
Target targetOf(const std::string& path) {
    const std::string real = realPath(path);
    Target target{real.empty() ? path : real, ".", {}};
    const auto slash = target.path.rfind('/');
    target.name = target.path.substr(slash == std::string::npos ? 0 : slash + 1);
    if (slash != std::string::npos) {
        target.directory = target.path.substr(0, slash + 1);
    }
    return target;
}

FileReplaced failed(std::string_view what) {
    return {false, errno, what, {}};
}

void removeLeftOver(const Target& target);
OpenFile createBeside(const Target& target, std::string& path);
FileReplaced fill(const OpenFile& file, std::string_view bytes, const struct stat* former);
FileReplaced takePlace(const std::string& path, const Target& target, const FileStamp& stamp);

}  // namespace

std::optional<FileStamp> stampOf(const std::string& path) {
    struct stat status;
    if (stat(path.c_str(), &status) != 0) {
        return std::nullopt;
    }
    return stampOf(status);
}

OpenFile lockFile(const std::string& path) {
    const std::string name = path + ".lock";
    OpenFile file(open(name.c_str(),
                       O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
                       kLockMode));
    if (!file || flock(file.fd(), LOCK_EX | LOCK_NB) != 0) {
        return OpenFile();
    }
    struct stat opened;
    struct stat named;
    if (fstat(file.fd(), &opened) != 0 || lstat(name.c_str(), &named) != 0 ||
        opened.st_dev != named.st_dev || opened.st_ino != named.st_ino) {
        errno = EWOULDBLOCK;  // somebody has removed it meanwhile: the next one is the lock
        return OpenFile();
    }
    return file;
}

FileReplaced replaceFile(const std::string& path, std::string_view bytes) {
    const Target target = targetOf(path);
    removeLeftOver(target);
    std::string temporary;
    const OpenFile file = createBeside(target, temporary);
    if (!file) {
        return failed("create a file beside");
    }
    struct stat status;
    const bool hasFormer = stat(target.path.c_str(), &status) == 0;
    FileReplaced replaced = fill(file, bytes, hasFormer ? &status : nullptr);
    EDGERUN_CRASH_POINT(whole_file_written);
    if (replaced.isDone) {
        replaced = takePlace(temporary, target, replaced.stamp);
    }
    if (!replaced.isDone) {
        unlink(temporary.c_str());
    }
    return replaced;
}

namespace {

bool isLeftOver(std::string_view name, std::string_view of) {
    const std::size_t size = of.size() + kTemporary.size() + kAny.size();
    return name.size() == size && name.substr(0, of.size()) == of &&
           name.substr(of.size(), kTemporary.size()) == kTemporary;
}

void removeLeftOver(const Target& target) {
    const OpenDirectory directory(opendir(target.directory.c_str()));
    if (directory == nullptr) {
        return;
    }
    while (const dirent* entry = readdir(directory.get())) {
        if (isLeftOver(entry->d_name, target.name)) {
            unlinkat(dirfd(directory.get()), entry->d_name, 0);
        }
    }
}

OpenFile createBeside(const Target& target, std::string& path) {
    path = target.path;
    path.append(kTemporary).append(kAny);
    return OpenFile(mkostemp(path.data(), O_CLOEXEC));
}

/// Whoever has the file open to its group keeps it so, where the system lets us.
bool takeRights(int fd, const struct stat* former) {
    if (former == nullptr) {
        return fchmod(fd, kFirstMode) == 0;
    }
    if (fchown(fd, static_cast<uid_t>(-1), former->st_gid) != 0 && errno != EPERM) {
        return false;
    }
    constexpr mode_t kRights = 0777;
    return fchmod(fd, (former->st_mode & kRights) | S_IRUSR | S_IWUSR) == 0;
}

bool makeLater(int fd, const struct stat& former) {
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return false;
    }
    const std::int64_t before = stampOf(former).modified;
    if (stampOf(status).modified > before) {
        return true;
    }
    const std::int64_t later = before + 1;
    timespec times[2] = {};
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_sec = later / kSecond;
    times[1].tv_nsec = later % kSecond;
    return futimens(fd, times) == 0;
}

FileReplaced fill(const OpenFile& file, std::string_view bytes, const struct stat* former) {
    const int fd = file.fd();
    if (!writeAll(pwrite, fd, bytes, 0)) {
        return failed("write");
    }
    if (!takeRights(fd, former) || (former != nullptr && !makeLater(fd, *former))) {
        return failed("set rights and time of");
    }
    struct stat status;
    if (fsync(fd) != 0 || fstat(fd, &status) != 0) {
        return failed("flush");
    }
    return {true, 0, {}, stampOf(status)};
}

FileReplaced takePlace(const std::string& path, const Target& target, const FileStamp& stamp) {
    if (rename(path.c_str(), target.path.c_str()) != 0) {
        return failed("rename a file to");
    }
    EDGERUN_CRASH_POINT(whole_file_renamed);
    const bool isFlushed = flushDirectory(target.directory);
    return isFlushed ? FileReplaced{true, 0, {}, stamp}
                     : FileReplaced{true, errno, "flush the directory of", stamp};
}

}  // namespace

}  // namespace edgerun::store
