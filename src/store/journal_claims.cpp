#include "journal_claim.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>

#include "edgerun/store/journal_files.h"
#include "edgerun/text/hex.h"
#include "journal_names.h"

/// DIRECTORY/claims: a line "WRITER INSTANCE" for each claim, replaced as a whole.
namespace edgerun::store {

namespace {

constexpr std::size_t kLine = 2 * text::kHexNumberDigits + 2;
constexpr std::size_t kMostBytes = 1024 * 1024;

std::string claimsPath(const std::string& directory) {
    return directory + "/claims";
}

std::string readAll(const OpenFile& file) {
    std::string text(kMostBytes, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t got = read(file.fd(), text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        size += static_cast<std::size_t>(got);
    }
    text.resize(size);
    return text;
}

std::string textOf(const Claims& claims) {
    std::string text;
    for (const auto& [writer, instance] : claims) {
        text += text::encodeHexNumber(writer) + ' ' + text::encodeHexNumber(instance) + '\n';
    }
    return text;
}

bool isThere(const std::string& directory, std::uint64_t writer) {
    return access(lockPath(directory, writer).c_str(), F_OK) == 0;
}

/// Not flushed: after a power cut all instances are over, and what they claimed with them.
bool replace(const std::string& path, std::string_view text) {
    const std::string young = path + ".new";
    unlink(young.c_str());
    const OpenFile file(
        open(young.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) {
        return false;
    }
    const ssize_t written = write(file.fd(), text.data(), text.size());
    if (written != static_cast<ssize_t>(text.size())) {
        errno = written < 0 ? errno : ENOSPC;
        return false;
    }
    return rename(young.c_str(), path.c_str()) == 0;
}

}  // namespace

Claims readClaims(const std::string& directory) {
    Claims claims;
    const OpenFile file(open(claimsPath(directory).c_str(),
                             O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    const std::string all = file ? readAll(file) : std::string();
    for (std::string_view text = all; text.size() >= kLine; text.remove_prefix(kLine)) {
        const auto writer = text::decodeHexNumber(text.substr(0, text::kHexNumberDigits));
        const auto instance =
            text::decodeHexNumber(text.substr(text::kHexNumberDigits + 1, text::kHexNumberDigits));
        if (!writer || !instance) {
            break;
        }
        claims[*writer] = *instance;
    }
    return claims;
}

bool claimWriters(const std::string& directory, const std::vector<std::uint64_t>& writers,
                  std::uint64_t instance) {
    Claims claims;
    for (const auto& [writer, claimant] : readClaims(directory)) {
        if (isThere(directory, writer)) {
            claims[writer] = claimant;
        }
    }
    for (const std::uint64_t writer : writers) {
        claims[writer] = instance;
    }
    return replace(claimsPath(directory), textOf(claims));
}

}  // namespace edgerun::store
