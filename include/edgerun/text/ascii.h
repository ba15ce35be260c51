#pragma once

#include <strings.h>

#include <string_view>

namespace edgerun::text {

/// As names of headers, schemes and media types are compared.
inline bool equalsIgnoringCase(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

/// JSON's; what a text of nothing else is, is blank.
inline constexpr std::string_view kWhiteSpace = " \t\r\n";

/// Without `blanks` around it.
inline std::string_view trimmed(std::string_view text, std::string_view blanks) {
    const auto first = text.find_first_not_of(blanks);
    const auto last = text.find_last_not_of(blanks);
    return first == std::string_view::npos ? std::string_view{}
                                           : text.substr(first, last - first + 1);
}

}  // namespace edgerun::text
