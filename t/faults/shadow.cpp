#include "shadow.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string>

#include "disk.h"

namespace faults {

namespace {

std::string shadowOf(const char* folder, const std::string& inode) {
    return disk().shadow + "/" + folder + "/" + inode;
}

/// One at a time, of all processes: a removal never meets a file that is being kept.
class ShadowLock {
public:
    ShadowLock() : file_(openShared(disk().shadow + "/lock", O_RDWR)) {
        if (::flock(file_.fd(), LOCK_EX) != 0) {
            giveUp("lock");
        }
    }

    /// By processes of any user.
    static int openShared(const std::string& path, int flags) {
        const int fd = ::open(path.c_str(), flags | O_CREAT | O_CLOEXEC, 0666);
        if (fd == -1) {
            giveUp(path);
        }
        ::fchmod(fd, 0666);
        return fd;
    }

private:
    Descriptor file_;
};

void copyPart(int from, int to, Part part) {
    static const auto write = next(&::pwrite, "pwrite");
    std::string bytes(65536, '\0');
    while (part.from < part.to) {
        const auto most = std::min<off_t>(part.to - part.from, static_cast<off_t>(bytes.size()));
        const ssize_t got = ::pread(from, bytes.data(), static_cast<std::size_t>(most), part.from);
        if (got <= 0 || write(to, bytes.data(), static_cast<std::size_t>(got), part.from) != got) {
            return;
        }
        part.from += got;
    }
}

/// All entries but those that begin with a dot.
template <typename Visit>
void visitNames(const std::string& path, const Visit& visit) {
    DIR* folder = ::opendir(path.c_str());
    if (folder == nullptr) {
        giveUp(path);
    }
    while (const struct dirent* entry = ::readdir(folder)) {
        if (entry->d_name[0] != '.') {
            visit(std::string(entry->d_name));
        }
    }
    ::closedir(folder);
}

std::string octal(mode_t mode) {
    std::string digits;
    for (const unsigned shift : {9U, 6U, 3U, 0U}) {
        digits += static_cast<char>('0' + ((mode >> shift) & 7U));
    }
    return digits;
}

void replaceNames(const std::string& text) {
    const std::string fresh = disk().shadow + "/names.new";
    {
        const Descriptor file(ShadowLock::openShared(fresh, O_WRONLY | O_TRUNC));
        if (::write(file.fd(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
            giveUp(fresh);
        }
    }
    if (::rename(fresh.c_str(), (disk().shadow + "/names").c_str()) != 0) {
        giveUp(fresh);
    }
}

}  // namespace

void keepContent(int fd, ino_t inode) {
    static const auto truncate = next(&::ftruncate, "ftruncate");
    const ShadowLock lock;
    const std::string pin = shadowOf("pins", std::to_string(inode));
    if (::linkat(AT_FDCWD, linkOf(fd).c_str(), AT_FDCWD, pin.c_str(), AT_SYMLINK_FOLLOW) != 0 &&
        errno != EEXIST) {
        return;  // it has no name any more
    }
    // The descriptor may be for writing only: the file is read by another one.
    const Descriptor from(::open(linkOf(fd).c_str(), O_RDONLY | O_CLOEXEC));
    const Descriptor to(
        ShadowLock::openShared(shadowOf("inodes", std::to_string(inode)), O_WRONLY));
    struct stat status {};
    if (!from || ::fstat(from.fd(), &status) != 0) {
        giveUp("read " + pin);
    }
    copyPart(from.fd(), to.fd(), takeUnflushed(inode));
    truncate(to.fd(), status.st_size);
}

void keepNames() {
    const ShadowLock lock;
    std::string names;
    std::set<std::string> kept;
    visitNames(disk().directory, [&](const std::string& name) {
        const std::string path = disk().directory + "/" + name;
        struct stat status {};
        if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
            return;
        }
        // Mostly there already; another user's file has been pinned by its owner.
        const std::string inode = std::to_string(status.st_ino);
        static_cast<void>(::link(path.c_str(), shadowOf("pins", inode).c_str()));
        kept.insert(inode);
        names += inode + " " + octal(status.st_mode) + " " + std::to_string(status.st_uid) + " " +
                 std::to_string(status.st_gid) + " " + name + "\n";
    });
    replaceNames(names);
    // What has no name now, neither here nor on the disk, is gone for good.
    for (const char* folder : {"inodes", "pins"}) {
        visitNames(disk().shadow + "/" + folder, [&](const std::string& name) {
            if (kept.count(name) == 0) {
                ::unlink(shadowOf(folder, name).c_str());
            }
        });
    }
}

}  // namespace faults
