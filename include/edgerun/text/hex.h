#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Hexadecimal digits, written in small letters.
namespace edgerun::text {

inline void appendHex(std::string& out, std::uint8_t byte) {
    constexpr char kDigits[] = "0123456789abcdef";
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
}

/// Two digits for each byte.
template <std::size_t N>
std::string encodeHex(const std::array<std::uint8_t, N>& bytes) {
    std::string out;
    out.reserve(2 * N);
    for (const std::uint8_t byte : bytes) {
        appendHex(out, byte);
    }
    return out;
}

/// Its value; nullopt if it is none. Capital letters count.
constexpr std::optional<std::uint8_t> hexValueOf(char c) {
    if (c >= '0' && c <= '9') {
        return static_cast<std::uint8_t>(c - '0');
    }
    const int letter = (c | 0x20) - 'a';
    return letter >= 0 && letter < 6 ? std::optional(static_cast<std::uint8_t>(letter + 10))
                                     : std::nullopt;
}

/// Of just two digits for each byte of such an array; nullopt otherwise. Capital letters count.
template <typename Bytes>
std::optional<Bytes> decodeHex(std::string_view text) {
    Bytes bytes{};
    if (text.size() != 2 * bytes.size()) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto high = hexValueOf(text[2 * i]);
        const auto low = hexValueOf(text[2 * i + 1]);
        if (!high || !low) {
            return std::nullopt;
        }
        bytes[i] = static_cast<std::uint8_t>(*high << 4 | *low);
    }
    return bytes;
}

inline constexpr std::size_t kHexNumberDigits = 16;
/// So many digits, zeros in front among them.
std::string encodeHexNumber(std::uint64_t number);
/// Strict inverse: just so many digits, small letters alone; nullopt otherwise.
std::optional<std::uint64_t> decodeHexNumber(std::string_view text);

}  // namespace edgerun::text
