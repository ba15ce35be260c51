#pragma once

#include <string>
#include <string_view>

namespace edgerun::text {

/// Unicode's simple case folding (CaseFolding.txt, statuses C and S): each code point becomes one
/// code point, so that texts that differ in case alone become equal. `text` must be valid UTF-8;
/// what is folded may be longer or shorter in bytes. https://www.unicode.org/reports/tr44/
std::string foldCase(std::string_view text);

/// The folded code point.
char32_t foldCase(char32_t codePoint) noexcept;

}  // namespace edgerun::text
