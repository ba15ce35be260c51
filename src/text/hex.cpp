#include "edgerun/text/hex.h"

namespace edgerun::text {

std::string encodeHexNumber(std::uint64_t number) {
    std::string out;
    out.reserve(kHexNumberDigits);
    for (int shift = 56; shift >= 0; shift -= 8) {
        appendHex(out, static_cast<std::uint8_t>(number >> shift));
    }
    return out;
}

std::optional<std::uint64_t> decodeHexNumber(std::string_view text) {
    if (text.size() != kHexNumberDigits) {
        return std::nullopt;
    }
    std::uint64_t number = 0;
    for (const char c : text) {
        const auto value = hexValueOf(c);
        if (!value || (c >= 'A' && c <= 'F')) {
            return std::nullopt;
        }
        number = number << 4 | *value;
    }
    return number;
}

}  // namespace edgerun::text
