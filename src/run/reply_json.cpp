#include "edgerun/run/reply_json.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

namespace edgerun::run {
namespace {

constexpr std::string_view kReplacement = "\\ufffd";

/// The UTF-16 unit that "\uXXXX" at this place names.
std::optional<std::uint16_t> unitAt(std::string_view text, std::size_t at) {
    const std::string_view escape = text.substr(at, kReplacement.size());
    if (escape.size() < kReplacement.size() || escape.substr(0, 2) != "\\u") {
        return std::nullopt;
    }
    std::uint16_t unit = 0;
    const char* const end = escape.data() + escape.size();
    const auto read = std::from_chars(escape.data() + 2, end, unit, 16);
    return read.ec == std::errc{} && read.ptr == end ? std::optional(unit) : std::nullopt;
}

bool isWithin(std::optional<std::uint16_t> unit, std::uint16_t first, std::uint16_t last) {
    return unit && *unit >= first && *unit <= last;
}

/// How many bytes the escape at this place has; 0 for one that names no character.
std::size_t lengthAt(std::string_view text, std::size_t at) {
    constexpr std::size_t kShort = 2;
    const auto unit = unitAt(text, at);
    if (isWithin(unit, 0xD800, 0xDBFF)) {
        const bool isPair = isWithin(unitAt(text, at + kReplacement.size()), 0xDC00, 0xDFFF);
        return isPair ? 2 * kReplacement.size() : 0;
    }
    if (unit == 0 || isWithin(unit, 0xDC00, 0xDFFF)) {
        return 0;
    }
    return unit ? kReplacement.size() : kShort;
}

std::string withReplacements(std::string text) {
    for (std::size_t at = text.find('\\'); at != std::string::npos; at = text.find('\\', at)) {
        const std::size_t length = lengthAt(text, at);
        if (length == 0) {
            text.replace(at, kReplacement.size(), kReplacement);
        }
        at += length > 0 ? length : kReplacement.size();
    }
    return text;
}

}  // namespace

text::JsonPtr parseReply(std::string_view body, text::JsonLimits limits) {
    text::JsonPtr parsed = text::parseJson(body, limits);
    if (parsed != nullptr || body.find("\\u") == std::string_view::npos) {
        return parsed;
    }
    return text::parseJson(withReplacements(std::string(body)), limits);
}

}  // namespace edgerun::run
