#pragma once

#include <sys/types.h>

#include <cstddef>

namespace edgerun::store {

/// How a writer's bytes come to the disk: pwrite(2), fdatasync(2), fallocate(2) from the first
/// byte on. Each returns -1 with errno. Tests have one that fails when they want it to.
struct JournalDisk {
    ssize_t (*write)(int fd, const void* bytes, std::size_t size, off_t at);
    int (*flush)(int fd);
    int (*allocate)(int fd, off_t bytes);
};

extern const JournalDisk kSystemDisk;

}  // namespace edgerun::store
