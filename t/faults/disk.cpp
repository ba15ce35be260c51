#include "disk.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace faults {

namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

/// Before the program changes its environment.
[[gnu::constructor]] void begin() {
    disk();
}

}  // namespace

Disk::Disk() : directory(variable("EDGERUN_DISK_DIR")), shadow(variable("EDGERUN_DISK_SHADOW")) {
    const std::string path = variable("EDGERUN_DISK_CONTROL");
    if (path.empty()) {
        ownControl.delayMs = std::atoll(variable("EDGERUN_DISK_DELAY_MS").c_str());
        return;
    }
    const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    void* map = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, file.fd(), 0);
    if (map == MAP_FAILED) {
        giveUp(path);
    }
    control = static_cast<Control*>(map);
}

/// Never destroyed: threads may outlive main().
Disk& disk() {
    static auto* only = new Disk;
    return *only;
}

[[noreturn]] void giveUp(const std::string& what) {
    std::perror(("disk.so: " + what).c_str());
    std::abort();
}

std::string linkOf(int fd) {
    return "/proc/self/fd/" + std::to_string(fd);
}

Place placeOf(int fd, struct stat& status) {
    const std::string& directory = disk().directory;
    if (directory.empty() || ::fstat(fd, &status) != 0 ||
        !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) {
        return Place::Elsewhere;
    }
    std::array<char, 4096> bytes{};
    const ssize_t size = ::readlink(linkOf(fd).c_str(), bytes.data(), bytes.size());
    const std::string_view path(bytes.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    if (path.substr(0, directory.size()) != directory) {
        return Place::Elsewhere;
    }
    const std::string_view rest = path.substr(directory.size());
    if (rest.empty()) {
        return Place::Directory;
    }
    return rest.front() == '/' && S_ISREG(status.st_mode) ? Place::File : Place::Elsewhere;
}

bool isToFail(std::atomic<std::int64_t>& left) {
    std::int64_t now = left;
    while (now > 0) {
        if (left.compare_exchange_weak(now, now - 1)) {
            return true;
        }
    }
    return now < 0;
}

void noteWrite(ino_t inode, Part part) {
    const std::lock_guard<std::mutex> guard(disk().lock);
    const auto [entry, isNew] = disk().unflushed.emplace(inode, part);
    entry->second.from = std::min(entry->second.from, part.from);
    entry->second.to = std::max(entry->second.to, part.to);
}

Part takeUnflushed(ino_t inode) {
    const std::lock_guard<std::mutex> guard(disk().lock);
    const auto entry = disk().unflushed.find(inode);
    if (entry == disk().unflushed.end()) {
        return {};
    }
    const Part part = entry->second;
    disk().unflushed.erase(entry);
    return part;
}

}  // namespace faults
