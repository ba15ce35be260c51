#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

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

/// pwrite(2), or what fails when a test wants it to.
using WriteAt = ssize_t (*)(int fd, const void* bytes, std::size_t size, off_t at);

/// All of them, from `at` on; false with errno.
bool writeAll(WriteAt write, int fd, std::string_view bytes, std::size_t at);

/// Without links and dots; empty, with errno, if there is no such thing.
std::string realPath(const std::string& path);

/// Does the path, which is no link, still name this file? Others may have removed or replaced it
/// before it was locked.
bool isStillNamed(const OpenFile& file, const std::string& path);

/// Flushes the names in a directory; false with errno. Without it a new file's name may be missing
/// after a power cut, and a removed one's be there again.
bool flushDirectory(const std::string& directory);

}  // namespace edgerun::store
