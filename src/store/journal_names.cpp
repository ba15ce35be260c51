#include "journal_names.h"

#include <cstring>

namespace edgerun::store {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kDecimal = "0123456789";
constexpr std::size_t kNumberDigits = 8;

constexpr std::string_view kLock = ".lock";
constexpr std::string_view kReserve = ".reserve";
constexpr std::string_view kSegment = ".journal";

std::string digitsOf(std::uint64_t number, std::string_view alphabet, std::size_t count) {
    std::string digits(count, '0');
    for (std::size_t at = count; at > 0; --at, number /= alphabet.size()) {
        digits[at - 1] = alphabet[number % alphabet.size()];
    }
    return digits;
}

/// Moves so many digits out of `text`.
std::optional<std::uint64_t> takeDigits(std::string_view& text, std::string_view alphabet,
                                        std::size_t count) {
    if (text.size() < count) {
        return std::nullopt;
    }
    std::uint64_t number = 0;
    for (const char c : text.substr(0, count)) {
        const std::size_t digit = alphabet.find(c);
        if (digit == std::string_view::npos) {
            return std::nullopt;
        }
        number = number * alphabet.size() + digit;
    }
    text.remove_prefix(count);
    return number;
}

std::string pathOf(const std::string& directory, std::uint64_t writer) {
    return directory + '/' + hexDigits(writer);
}

std::optional<JournalName> parseSegmentName(std::uint64_t writer, std::string_view rest) {
    rest.remove_prefix(1);
    const auto number = takeDigits(rest, kDecimal, kNumberDigits);
    if (!number || *number == 0 || rest != kSegment) {
        return std::nullopt;
    }
    return JournalName{JournalName::Kind::Segment, writer, static_cast<std::uint32_t>(*number)};
}

}  // namespace

std::string hexDigits(std::uint64_t number) {
    return digitsOf(number, kHex, kHexDigits);
}

std::optional<std::uint64_t> parseHexDigits(std::string_view digits) {
    const auto number = takeDigits(digits, kHex, kHexDigits);
    return digits.empty() ? number : std::nullopt;
}

std::string lockPath(const std::string& directory, std::uint64_t writer) {
    return pathOf(directory, writer).append(kLock);
}

std::string reservePath(const std::string& directory, std::uint64_t writer) {
    return pathOf(directory, writer).append(kReserve);
}

std::string segmentPath(const std::string& directory, std::uint64_t writer, std::uint32_t number) {
    return pathOf(directory, writer)
        .append(1, '-')
        .append(digitsOf(number, kDecimal, kNumberDigits))
        .append(kSegment);
}

std::optional<JournalName> parseJournalName(std::string_view name) {
    const auto writer = takeDigits(name, kHex, kHexDigits);
    if (!writer || name.empty()) {
        return std::nullopt;
    }
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
