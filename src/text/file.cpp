#include "edgerun/text/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

namespace edgerun::text {
namespace {

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) {
            close(fd_);
        }
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int get() const { return fd_; }

private:
    int fd_;
};

FileProblem problem(const std::string& path, const std::string& reason);
FileProblem unreadable(const std::string& path, int error);
std::optional<std::string> readBytes(int fd, std::size_t expected, std::size_t maxBytes);
std::string sizeText(std::size_t bytes);

}  // namespace

std::variant<FileText, FileProblem> readFile(const std::string& path, std::size_t maxBytes) {
    constexpr mode_t kOfOthers = S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH;
    // Not to wait for the other end if somebody put a pipe there.
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat status;
    if (file.get() < 0 || fstat(file.get(), &status) != 0) {
        return unreadable(path, errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return problem(path, "is not a regular file");
    }
    auto bytes = readBytes(file.get(), static_cast<std::size_t>(status.st_size), maxBytes);
    if (!bytes) {
        return unreadable(path, errno);
    }
    if (bytes->size() > maxBytes) {
        return problem(path, "is larger than " + sizeText(maxBytes));
    }
    return FileText{std::move(*bytes), (status.st_mode & kOfOthers) != 0};
}

namespace {

FileProblem problem(const std::string& path, const std::string& reason) {
    return {"file \"" + path + "\" " + reason};
}

FileProblem unreadable(const std::string& path, int error) {
    return problem(path, std::string("cannot be read: ") + std::strerror(error));
}

/// Nothing when reading failed; errno says why. It stops soon after maxBytes, whatever the file's
/// size was said to be and whatever it grows to meanwhile.
std::optional<std::string> readBytes(int fd, std::size_t expected, std::size_t maxBytes) {
    std::string bytes;
    bytes.reserve(expected <= maxBytes ? expected : 0);
    while (bytes.size() <= maxBytes) {
        char chunk[16 * 1024];
        const ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return std::nullopt;
        }
        if (got == 0) {
            break;
        }
        bytes.append(chunk, static_cast<std::size_t>(got));
    }
    return bytes;
}

std::string sizeText(std::size_t bytes) {
    struct Unit {
        std::size_t bytes;
        const char* name;
    };
    constexpr Unit kUnits[] = {{1U << 20, " MiB"}, {1U << 10, " KiB"}};
    for (const Unit& unit : kUnits) {
        if (bytes >= unit.bytes && bytes % unit.bytes == 0) {
            return std::to_string(bytes / unit.bytes) + unit.name;
        }
    }
    return std::to_string(bytes) + " bytes";
}

}  // namespace
}  // namespace edgerun::text
