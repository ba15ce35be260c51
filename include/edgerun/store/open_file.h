#pragma once

#include <string>

namespace edgerun::store {

/// An open file, closed (and thereby unlocked) in the end.
class OpenFile {
public:
    OpenFile() = default;
    explicit OpenFile(int fd) : fd_(fd) {}
    ~OpenFile();
    OpenFile(OpenFile&& other) noexcept;
    OpenFile& operator=(OpenFile&& other) noexcept;

    int fd() const { return fd_; }
    explicit operator bool() const { return fd_ != -1; }

private:
    int fd_ = -1;
};

/// Flushes the names in a directory; false with errno. Without it a new file's name may be missing
/// after a power cut, and a removed one's be there again.
bool flushDirectory(const std::string& directory);

}  // namespace edgerun::store
