#pragma once

#include <cstddef>
#include <string_view>

/// White space within a line: ASCII's, and the spaces of Unicode (Zs) that do not break or have
/// another width.
namespace edgerun::text {

/// Bytes of the blank that begins at `at`; 0 if there is none.
std::size_t blankAt(std::string_view line, std::size_t at);

/// The first place from `at` on that is no blank.
std::size_t skipBlanks(std::string_view line, std::size_t at);

bool isBlank(std::string_view line);

/// Without blanks and line ends behind it.
std::string_view withoutTail(std::string_view text);

}  // namespace edgerun::text
