#include "blanks.h"

#include <algorithm>

namespace edgerun::text {
namespace {

bool isAsciiBlank(char byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r' && byte != '\n');
}

constexpr std::string_view kWide[] = {
    "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005",
    "\u2006", "\u2007", "\u2008", "\u2009", "\u200A", "\u202F", "\u205F", "\u3000",
};

std::size_t wideBlankAt(std::string_view line, std::size_t at) {
    const auto* found = std::find_if(std::begin(kWide), std::end(kWide), [&](auto blank) {
        return line.compare(at, blank.size(), blank) == 0;
    });
    return found != std::end(kWide) ? found->size() : 0;
}

/// Bytes of the blank at the end, or of a line end.
std::size_t tailOf(std::string_view text) {
    if (isAsciiBlank(text.back()) || text.back() == '\n') {
        return 1;
    }
    for (const std::string_view blank : kWide) {
        if (text.size() >= blank.size() && text.substr(text.size() - blank.size()) == blank) {
            return blank.size();
        }
    }
    return 0;
}

}  // namespace

std::size_t blankAt(std::string_view line, std::size_t at) {
    if (at >= line.size()) {
        return 0;
    }
    if (static_cast<unsigned char>(line[at]) < 0x80) {
        return isAsciiBlank(line[at]) ? 1 : 0;
    }
    return wideBlankAt(line, at);
}

std::size_t skipBlanks(std::string_view line, std::size_t at) {
    for (std::size_t size; (size = blankAt(line, at)) > 0;) {
        at += size;
    }
    return at;
}

bool isBlank(std::string_view line) {
    return skipBlanks(line, 0) == line.size();
}

std::string_view withoutTail(std::string_view text) {
    while (!text.empty()) {
        const std::size_t size = tailOf(text);
        if (size == 0) {
            break;
        }
        text.remove_suffix(size);
    }
    return text;
}

}  // namespace edgerun::text
