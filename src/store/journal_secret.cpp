#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <system_error>
#include <variant>

#include "edgerun/store/journal_files.h"
#include "edgerun/text/hex.h"
#include "journal_names.h"

/// DIRECTORY/zone: the line "edgerun journal 1", 1 being this file's own format, then one of 64
/// hexadecimal digits.
namespace edgerun::store {

namespace {

constexpr std::uint32_t kZoneFormat = 1;
constexpr std::string_view kTitle = "edgerun journal ";

std::string firstLine() {
    return std::string(kTitle).append(std::to_string(kZoneFormat)).append(1, '\n');
}

std::string textOf(const JobIdSecret& secret) {
    return firstLine().append(text::encodeHex(secret)).append(1, '\n');
}

/// Of any version; 0 when the first line is none of a journal.
std::uint32_t formatOf(std::string_view text) {
    std::uint32_t format = 0;
    if (text.substr(0, kTitle.size()) != kTitle) {
        return 0;
    }
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + kTitle.size(), end, format);
    return parsed.ec == std::errc() && parsed.ptr != end && *parsed.ptr == '\n' ? format : 0;
}

/// What follows the first line.
std::optional<JobIdSecret> secretOf(std::string_view line) {
    if (line.empty() || line.back() != '\n') {
        return std::nullopt;
    }
    line.remove_suffix(1);
    return text::decodeHex<JobIdSecret>(line);
}

struct NoFile {};
using Read = std::variant<JobIdSecret, NoFile, std::string>;  // or a problem

Read parse(const std::string& path, std::string_view text) {
    const std::string first = firstLine();
    if (text.substr(0, first.size()) != first) {
        return "cannot use \"" + path + "\": " +
               (formatOf(text) > kZoneFormat ? "a later version of edgerun wrote it"
                                             : "it is not the file of a journal");
    }
    const auto secret = secretOf(text.substr(first.size()));
    if (!secret) {
        return "cannot use \"" + path + "\": its second line is not 64 hexadecimal digits";
    }
    return *secret;
}

Read readSecret(const std::string& path) {
    const OpenFile file(
        open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    if (!file && errno == ENOENT) {
        return NoFile{};
    }
    char text[256];
    const ssize_t got = file ? read(file.fd(), text, sizeof(text)) : -1;
    if (got < 0) {
        return problemWith("read", path, errno);
    }
    return parse(path, {text, static_cast<std::size_t>(got)});
}

bool fillRandom(JobIdSecret& secret) {
    return getrandom(secret.data(), secret.size(), 0) == static_cast<ssize_t>(secret.size());
}

/// Under another name first, so that a crash leaves no half of it.
bool writeFlushed(const std::string& path, std::string_view text) {
    unlink(path.c_str());
    const OpenFile file(
        open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    return file &&
           write(file.fd(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
           fsync(file.fd()) == 0;
}

bool storeSecret(const std::string& directory, const std::string& path, const JobIdSecret& secret) {
    const std::string young = path + ".new";
    return writeFlushed(young, textOf(secret)) && rename(young.c_str(), path.c_str()) == 0 &&
           flushDirectory(directory);
}

}  // namespace

std::optional<JobIdSecret> zoneSecret(const std::string& directory, bool mayCreate,
                                      std::string& problem) {
    const OpenFile lock(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock) {
        problem = problemWith("open", directory, errno);
        return std::nullopt;
    }
    // Two that start at once agree on one secret.
    if (mayCreate) {
        flock(lock.fd(), LOCK_EX);
    }
    const std::string path = directory + "/zone";
    Read found = readSecret(path);
    if (auto* why = std::get_if<std::string>(&found)) {
        problem = std::move(*why);
        return std::nullopt;
    }
    if (const auto* secret = std::get_if<JobIdSecret>(&found)) {
        return *secret;
    }
    JobIdSecret fresh;
    if (!fillRandom(fresh) || (mayCreate && !storeSecret(directory, path, fresh))) {
        problem = problemWith("make", path, errno);
        return std::nullopt;
    }
    return fresh;
}

}  // namespace edgerun::store
