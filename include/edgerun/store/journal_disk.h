#pragma once

#include <sys/types.h>

#include "edgerun/store/open_file.h"

namespace edgerun::store {

/// How a writer's bytes come to the disk: pwrite(2), fdatasync(2), fallocate(2) from the first
/// byte on. Each returns -1 with errno. Tests have one that fails when they want it to.
struct JournalDisk {
    WriteAt write;
    int (*flush)(int fd);
    int (*allocate)(int fd, off_t bytes);
};

extern const JournalDisk kSystemDisk;

}  // namespace edgerun::store
