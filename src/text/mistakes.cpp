#include "mistakes.h"

#include "edgerun/text/utf8.h"

namespace edgerun::text {
namespace {

constexpr std::size_t kMostQuoted = 60;

/// Those above ASCII are U+0080 to U+009F, C2 80 to C2 9F.
bool isControl(unsigned char before, unsigned char byte) {
    return byte < 0x20 || byte == 0x7F || (before == 0xC2 && byte < 0xA0);
}

}  // namespace

std::string quoted(std::string_view text) {
    if (!isValidUtf8(text)) {
        return "\"?\"";
    }
    const std::string_view cut = cutAtCodePoints(text, kMostQuoted);
    std::string shown = "\"";
    for (const char c : cut) {
        const auto before = static_cast<unsigned char>(shown.back());
        if (isControl(before, static_cast<unsigned char>(c))) {
            if (before == 0xC2) {
                shown.pop_back();
            }
            shown += '?';
        } else {
            shown += c;
        }
    }
    shown += cut.size() < text.size() ? "...\"" : "\"";
    return shown;
}

bool hasControlCharacter(std::string_view text, std::string_view allowed) {
    unsigned char before = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (isControl(before, byte) && allowed.find(c) == std::string_view::npos) {
            return true;
        }
        before = byte;
    }
    return false;
}

}  // namespace edgerun::text
