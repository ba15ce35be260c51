#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The names of a journal's files; see journal_files.h.
namespace edgerun::store {

std::string lockPath(const std::string& directory, std::uint64_t writer);
std::string reservePath(const std::string& directory, std::uint64_t writer);
std::string segmentPath(const std::string& directory, std::uint64_t writer, std::uint32_t number);

inline constexpr std::uint32_t kLastSegmentNumber = 99'999'999;

struct JournalName {
    enum class Kind { Lock, Reserve, Segment };
    Kind kind = Kind::Lock;
    std::uint64_t writer = 0;
    std::uint32_t number = 0;  ///< of a segment
};

/// nullopt for all other files' names, those that look alike among them.
std::optional<JournalName> parseJournalName(std::string_view name);

/// `cannot DOING "PATH": ERROR`, for a log.
std::string problemWith(std::string_view doing, const std::string& path, int error);

}  // namespace edgerun::store
