#include "mistakes.h"

#include "edgerun/text/utf8.h"

namespace edgerun::text {

std::string quoted(std::string_view text) {
    constexpr std::size_t kMostQuoted = 60;
    if (!isValidUtf8(text)) {
        return "\"?\"";
    }
    const std::string_view cut = cutAtCodePoints(text, kMostQuoted);
    std::string shown = "\"";
    for (std::string_view rest = cut; !rest.empty();) {
        const std::string_view first = cutAtCodePoints(rest, 1);
        shown += hasControlCharacter(first) ? "?" : first;
        rest.remove_prefix(first.size());
    }
    shown += cut.size() < text.size() ? "...\"" : "\"";
    return shown;
}

}  // namespace edgerun::text
