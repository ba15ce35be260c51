#include "journal_claims.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <optional>
#include <string_view>

namespace edgerun::engine {

namespace {

constexpr std::size_t kDigits = 16;

using Number = std::array<char, kDigits + 1>;

Number hexOf(std::uint64_t number) {
    Number digits{};
    std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(number));
    return digits;
}

std::optional<std::uint64_t> claimOf(const std::string& directory, std::uint64_t writer) {
    const std::string path = directory + "/" + hexOf(writer).data() + ".lock";
    const store::OpenFile file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    Number digits{};
    if (!file || pread(file.fd(), digits.data(), kDigits, 0) != static_cast<ssize_t>(kDigits)) {
        return std::nullopt;
    }
    std::uint64_t instance = 0;
    const char* end = digits.data() + kDigits;
    const auto parsed = std::from_chars(digits.data(), end, instance, 16);
    return parsed.ptr == end ? std::optional(instance) : std::nullopt;
}

}  // namespace

store::DirectoryListing listClaimed(const std::string& directory) {
    store::DirectoryListing listing = store::listJournal(directory);
    for (auto& writer : listing.writers) {
        if (writer.instance != 0) {
            writer.instance = claimOf(directory, writer.writer).value_or(writer.instance);
        }
    }
    return listing;
}

bool claim(const store::OpenFile& lock, std::uint64_t instance) {
    const Number digits = hexOf(instance);
    const ssize_t written = pwrite(lock.fd(), digits.data(), kDigits, 0);
    if (written >= 0 && written != static_cast<ssize_t>(kDigits)) {
        errno = ENOSPC;
    }
    return written == static_cast<ssize_t>(kDigits);
}

}  // namespace edgerun::engine
