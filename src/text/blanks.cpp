#include "blanks.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

namespace edgerun::text {
namespace {

bool isAscii(char byte) {
    return static_cast<unsigned char>(byte) < 0x80;
}

bool isAsciiBlank(char byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r' && byte != '\n');
}

/// Where the last code point begins.
std::size_t lastOf(std::string_view text) {
    std::size_t at = text.size() - 1;
    while (at > 0 && U8_IS_TRAIL(text[at])) {
        --at;
    }
    return at;
}

}  // namespace

std::size_t blankAt(std::string_view line, std::size_t at) {
    if (at >= line.size()) {
        return 0;
    }
    if (isAscii(line[at])) {
        return isAsciiBlank(line[at]) ? 1 : 0;
    }
    std::size_t end = at;
    UChar32 codePoint = 0;
    U8_NEXT(line.data(), end, line.size(), codePoint);
    return u_isblank(codePoint) != 0 ? end - at : 0;
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
        const std::size_t last = lastOf(text);
        if (text[last] != '\n' && blankAt(text, last) == 0) {
            break;
        }
        text = text.substr(0, last);
    }
    return text;
}

}  // namespace edgerun::text
