#pragma once

#include <sys/types.h>

namespace faults {

/// What was written to the file since its last flush will survive a power cut.
void keepContent(int fd, ino_t inode);

/// So will the present names of the directory's files, and no others.
void keepNames();

}  // namespace faults
