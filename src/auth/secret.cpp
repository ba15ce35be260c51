#include "edgerun/auth/secret.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace edgerun::auth {
namespace {

constexpr std::string_view kEnvironment = "env:";
constexpr std::string_view kFile = "file:";
constexpr std::size_t kMaxFileBytes = 64 * 1024;

using SecretResult = std::variant<Secret, SecretProblem>;

SecretResult readVariable(const std::string& name);
SecretResult readFile(const std::string& path);

bool startsWith(std::string_view text, std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
}

}  // namespace

SecretResult readSecret(std::string_view spec) {
    if (startsWith(spec, kEnvironment)) {
        return readVariable(std::string(spec.substr(kEnvironment.size())));
    }
    if (startsWith(spec, kFile)) {
        return readFile(std::string(spec.substr(kFile.size())));
    }
    return Secret{std::string(spec), true, {}};
}

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

SecretResult readVariable(const std::string& name) {
    if (name.empty()) {
        return SecretProblem{"env: needs the name of a variable"};
    }
    const char* value = std::getenv(name.c_str());
    return Secret{value == nullptr ? "" : value, false, {}};
}

SecretProblem fileProblem(const std::string& path, const std::string& reason) {
    return {"file \"" + path + "\" " + reason};
}

SecretProblem unreadable(const std::string& path, int error) {
    return fileProblem(path, std::string("cannot be read: ") + std::strerror(error));
}

/// Nothing when reading failed; errno says why. At most one byte more than a
/// secret may have, whatever the file grew to meanwhile.
std::optional<std::string> readBytes(int fd) {
    std::string bytes(kMaxFileBytes + 1, '\0');
    std::size_t size = 0;
    while (size < bytes.size()) {
        const ssize_t got = read(fd, &bytes[size], bytes.size() - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return std::nullopt;
        }
        if (got == 0) {
            break;
        }
        size += static_cast<std::size_t>(got);
    }
    bytes.resize(size);
    return bytes;
}

void removeTrailingNewline(std::string& text) {
    if (!text.empty() && text.back() == '\n') {
        text.pop_back();
        if (!text.empty() && text.back() == '\r') {
            text.pop_back();
        }
    }
}

std::string warningFor(const std::string& path, mode_t mode) {
    constexpr mode_t kOfOthers = S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH;
    if ((mode & kOfOthers) == 0) {
        return {};
    }
    return fileProblem(path, "is open to its group or to everybody; chmod 600 it").message;
}

SecretResult readFile(const std::string& path) {
    if (path.empty()) {
        return SecretProblem{"file: needs the path of a file"};
    }
    // Not to wait for the other end if somebody put a pipe there.
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat status;
    if (file.get() < 0 || fstat(file.get(), &status) != 0) {
        return unreadable(path, errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return fileProblem(path, "is not a regular file");
    }
    auto bytes = readBytes(file.get());
    if (!bytes) {
        return unreadable(path, errno);
    }
    if (bytes->size() > kMaxFileBytes) {
        return fileProblem(path, "is larger than 64 KiB");
    }
    removeTrailingNewline(*bytes);
    return Secret{std::move(*bytes), false, warningFor(path, status.st_mode)};
}

}  // namespace
}  // namespace edgerun::auth
