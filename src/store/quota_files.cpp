#include "edgerun/store/quota_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <utility>

#include "edgerun/store/open_file.h"
#include "edgerun/store/quota_frames.h"
#include "journal_names.h"
#include "open_directory.h"
#include "quota_merge.h"

namespace edgerun::store {

namespace {

constexpr std::string_view kBefore = "counters.";
constexpr std::string_view kBehind = ".quota";
constexpr std::size_t kLeastDigits = 8;
constexpr std::size_t kMostDigits = 18;
constexpr std::size_t kPiece = 1024 * 1024;  // bytes
constexpr int kAttempts = 16;

std::optional<std::uint64_t> numberIn(std::string_view name) {
    if (name.size() < kBefore.size() + kLeastDigits + kBehind.size() ||
        name.substr(0, kBefore.size()) != kBefore ||
        name.substr(name.size() - kBehind.size()) != kBehind) {
        return std::nullopt;
    }
    name.remove_prefix(kBefore.size());
    name.remove_suffix(kBehind.size());
    std::uint64_t number = 0;
    const char* const end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data(), end, number);
    const bool isNumber =
        name.size() <= kMostDigits && parsed.ec == std::errc() && parsed.ptr == end && number != 0;
    return isNumber ? std::optional(number) : std::nullopt;
}

struct QuotaFile {
    std::string path;
    OpenFile file;
};

/// All files as they are now; nullopt with errno, ENOENT if one went away meanwhile.
std::optional<std::vector<QuotaFile>> openAll(const std::string& directory, std::string& path) {
    path = directory;
    const auto numbers = listQuotaFiles(directory);
    if (!numbers) {
        return std::nullopt;
    }
    std::vector<QuotaFile> files;
    for (const std::uint64_t number : *numbers) {
        path = quotaFilePath(directory, number);
        OpenFile file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
        if (!file) {
            return std::nullopt;
        }
        files.push_back({path, std::move(file)});
    }
    return files;
}

/// Whoever removes a file has written all of it to a newer one, which may not have been listed.
std::optional<std::vector<QuotaFile>> openSteady(const std::string& directory,
                                                 std::string& problem) {
    std::string path;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        errno = 0;
        auto files = openAll(directory, path);
        if (files || errno != ENOENT || path == directory) {
            problem = files ? "" : problemWith("read", path, errno);
            return files;
        }
    }
    problem = "the files in \"" + directory + "\" change all the time";
    return std::nullopt;
}

/// Calls back with each frame. False with errno.
template <class Use>
bool readFrames(const OpenFile& file, std::size_t& damaged, Use&& use) {
    std::string bytes;
    off_t offset = 0;
    for (;;) {
        const std::size_t rest = bytes.size();
        bytes.resize(rest + kPiece);
        const ssize_t got = pread(file.fd(), bytes.data() + rest, kPiece, offset);
        if (got < 0 && errno != EINTR) {
            return false;
        }
        bytes.resize(rest + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got == 0) {
            damaged += bytes.size();
            return true;
        }
        offset += std::max<ssize_t>(got, 0);
        std::size_t at = 0;
        while (const auto frame = nextFrame(bytes, at, damaged)) {
            use(*frame);
        }
        bytes.erase(0, at);
    }
}

bool isWhole(const OpenFile& file, std::string& problem, const std::string& path, bool& isRead) {
    bool found = false;
    std::size_t damaged = 0;
    isRead =
        readFrames(file, damaged, [&](const QuotaFrame& frame) { found |= frame.isWholeMark; });
    if (!isRead) {
        problem = problemWith("read", path, errno);
    }
    return found;
}

/// The newest that says everything.
struct Base {
    std::size_t at = 0;  ///< 0, too, if there is none
    bool isFound = false;
};

/// nullopt if one cannot be read.
std::optional<Base> findBase(const std::vector<QuotaFile>& files, std::string& problem) {
    for (std::size_t at = files.size(); at-- > 0;) {
        bool isRead = false;
        const bool isFound = isWhole(files[at].file, problem, files[at].path, isRead);
        if (!isRead) {
            return std::nullopt;
        }
        if (isFound) {
            return Base{at, true};
        }
    }
    return Base{};
}

}  // namespace

std::string quotaFilePath(const std::string& directory, std::uint64_t number) {
    char digits[32];
    std::snprintf(digits, sizeof(digits), "%08llu", static_cast<unsigned long long>(number));
    return directory + '/' + std::string(kBefore) + digits + std::string(kBehind);
}

std::optional<std::vector<std::uint64_t>> listQuotaFiles(const std::string& directory) {
    const OpenDirectory open(opendir(directory.c_str()));
    if (!open) {
        return std::nullopt;
    }
    std::vector<std::uint64_t> numbers;
    while (const dirent* entry = readdir(open.get())) {
        if (const auto number = numberIn(entry->d_name)) {
            numbers.push_back(*number);
        }
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

std::optional<QuotaLoad> loadQuotaFiles(const std::string& directory, QuotaCounters& counters,
                                        std::int64_t now, std::string& problem) {
    const auto files = openSteady(directory, problem);
    const auto base = files ? findBase(*files, problem) : std::nullopt;
    if (!base) {
        return std::nullopt;
    }
    QuotaLoad load;
    QuotaMerge merge;
    for (std::size_t at = base->at; at < files->size(); ++at) {
        const bool isBase = base->isFound && at == base->at;
        const bool isRead =
            readFrames((*files)[at].file, load.damaged, [&](const QuotaFrame& frame) {
                load.records += frame.isWholeMark ? 0 : 1;
                merge.add(frame, isBase);
            });
        if (!isRead) {
            problem = problemWith("read", (*files)[at].path, errno);
            return std::nullopt;
        }
    }
    for (const QuotaRecord& record : merge.finish()) {
        load.leftOut += counters.restore(record, now) ? 0 : 1;
    }
    return load;
}

}  // namespace edgerun::store
