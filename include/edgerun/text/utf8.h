#pragma once

#include <cstddef>
#include <string_view>

namespace edgerun::text {

/// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool isValidUtf8(std::string_view text);

/// Code points in valid UTF-8.
std::size_t countCodePoints(std::string_view text);

/// The longest prefix of valid UTF-8 with at most `limit` code points.
std::string_view cutAtCodePoints(std::string_view text, std::size_t limit);

/// The longest prefix of valid UTF-8 with at most `limit` bytes that ends at a
/// code point's end.
std::string_view cutAtBytes(std::string_view text, std::size_t limit);

/// Unicode's category Cc, but for those that are `allowed`: what must not reach headers, variables
/// and logs.
bool hasControlCharacter(std::string_view text, std::string_view allowed = {});

}  // namespace edgerun::text
