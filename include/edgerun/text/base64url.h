#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace edgerun::text {

/// RFC 4648 section 5 without padding.
std::string encodeBase64Url(std::string_view bytes);

/// Strict inverse: no padding, no white space, no foreign characters, unused
/// trailing bits zero; nullopt otherwise.
std::optional<std::string> decodeBase64Url(std::string_view text);

}  // namespace edgerun::text
