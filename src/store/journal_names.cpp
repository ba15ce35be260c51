#include "journal_names.h"

#include <charconv>
#include <cstring>

#include "edgerun/text/hex.h"

namespace edgerun::store {

namespace {

constexpr std::size_t kNumberDigits = 8;

constexpr std::string_view kLock = ".lock";
constexpr std::string_view kReserve = ".reserve";
constexpr std::string_view kSegment = ".journal";

std::string digitsOf(std::uint32_t number) {
    std::string digits(kNumberDigits, '0');
    for (std::size_t at = kNumberDigits; at > 0; --at, number /= 10) {
        digits[at - 1] = static_cast<char>('0' + number % 10);
    }
    return digits;
}

std::optional<std::uint32_t> parseDigits(std::string_view digits) {
    std::uint32_t number = 0;
    const char* const end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, number);
    const bool isNumber =
        digits.size() == kNumberDigits && parsed.ec == std::errc() && parsed.ptr == end;
    return isNumber ? std::optional(number) : std::nullopt;
}

std::string pathOf(const std::string& directory, std::uint64_t writer) {
    return directory + '/' + text::encodeHexNumber(writer);
}

std::optional<JournalName> parseSegmentName(std::uint64_t writer, std::string_view rest) {
    rest.remove_prefix(1);
    const auto number = parseDigits(rest.substr(0, kNumberDigits));
    if (!number || *number == 0 || rest.substr(kNumberDigits) != kSegment) {
        return std::nullopt;
    }
    return JournalName{JournalName::Kind::Segment, writer, *number};
}

}  // namespace

std::string lockPath(const std::string& directory, std::uint64_t writer) {
    return pathOf(directory, writer).append(kLock);
}

std::string reservePath(const std::string& directory, std::uint64_t writer) {
    return pathOf(directory, writer).append(kReserve);
}

std::string segmentPath(const std::string& directory, std::uint64_t writer, std::uint32_t number) {
    return pathOf(directory, writer).append(1, '-').append(digitsOf(number)).append(kSegment);
}

std::optional<JournalName> parseJournalName(std::string_view name) {
    const auto writer = text::decodeHexNumber(name.substr(0, text::kHexNumberDigits));
    if (!writer || name.size() == text::kHexNumberDigits) {
        return std::nullopt;
    }
    name.remove_prefix(text::kHexNumberDigits);
    if (name == kLock) {
        return JournalName{JournalName::Kind::Lock, *writer, 0};
    }
    if (name == kReserve) {
        return JournalName{JournalName::Kind::Reserve, *writer, 0};
    }
    return name[0] == '-' ? parseSegmentName(*writer, name) : std::nullopt;
}

std::string problemWith(std::string_view doing, const std::string& path, int error) {
    return std::string("cannot ")
        .append(doing)
        .append(" \"" + path + "\": ")
        .append(std::strerror(error));
}

}  // namespace edgerun::store
