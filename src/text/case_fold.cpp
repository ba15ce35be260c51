#include "edgerun/text/case_fold.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <cstddef>
#include <cstdint>

namespace edgerun::text {
namespace {

bool isAscii(char32_t codePoint) {
    return codePoint < 0x80;
}

constexpr char foldAscii(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
}

/// Folds the code point that begins at `at`, which is none of ASCII's; `at` is then behind it.
void foldSequence(std::string_view text, std::size_t& at, std::string& out) {
    const std::size_t begin = at;
    UChar32 codePoint = 0;
    U8_NEXT(text.data(), at, text.size(), codePoint);
    if (codePoint < 0) {  // no UTF-8
        out.append(text, begin, at - begin);
        return;
    }
    const auto folded = static_cast<std::uint32_t>(u_foldCase(codePoint, U_FOLD_CASE_DEFAULT));
    char bytes[U8_MAX_LENGTH];
    std::size_t size = 0;
    U8_APPEND_UNSAFE(bytes, size, folded);
    out.append(bytes, size);
}

}  // namespace

std::string foldCase(std::string_view text) {
    std::string folded;
    folded.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        if (isAscii(static_cast<unsigned char>(text[at]))) {
            folded += foldAscii(text[at++]);
        } else {
            foldSequence(text, at, folded);
        }
    }
    return folded;
}

char32_t foldCase(char32_t codePoint) noexcept {
    if (isAscii(codePoint)) {
        return static_cast<unsigned char>(foldAscii(static_cast<char>(codePoint)));
    }
    return static_cast<char32_t>(u_foldCase(static_cast<UChar32>(codePoint), U_FOLD_CASE_DEFAULT));
}

}  // namespace edgerun::text
