#include "edgerun/store/open_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace edgerun::store {

OpenFile::~OpenFile() {
    if (fd_ != -1) {
        close(fd_);
    }
}

OpenFile::OpenFile(OpenFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

OpenFile& OpenFile::operator=(OpenFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

bool flushDirectory(const std::string& directory) {
    const OpenFile file(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return file && fsync(file.fd()) == 0;
}

}  // namespace edgerun::store
