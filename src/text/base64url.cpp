#include "edgerun/text/base64url.h"

#include <array>
#include <cstdint>

namespace edgerun::text {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kForeign = 0xFF;

constexpr std::array<std::uint8_t, 256> makeValues() {
    std::array<std::uint8_t, 256> values{};
    for (auto& value : values) {
        value = kForeign;
    }
    for (std::uint8_t i = 0; i < 64; ++i) {
        values[static_cast<unsigned char>(kAlphabet[i])] = i;
    }
    return values;
}

constexpr auto kValues = makeValues();

std::uint32_t valueOf(char c) {
    return kValues[static_cast<unsigned char>(c)];
}

std::uint32_t byteOf(char c) {
    return static_cast<unsigned char>(c);
}

/// The last one or two bytes, from two or three characters. Unused bits must be
/// zero: else several texts would stand for the same bytes.
bool decodeTail(std::string_view tail, char* out) {
    std::uint32_t bits = 0;
    std::uint32_t seen = 0;
    for (const char c : tail) {
        seen |= valueOf(c);
        bits = bits << 6 | valueOf(c);
    }
    const std::uint32_t unusedBits = tail.size() == 2 ? 0x0F : 0x03;
    if (seen > 0x3F || (bits & unusedBits) != 0) {
        return false;
    }
    if (tail.size() == 2) {
        out[0] = static_cast<char>(bits >> 4);
    } else {
        out[0] = static_cast<char>(bits >> 10);
        out[1] = static_cast<char>(bits >> 2);
    }
    return true;
}

}  // namespace

std::string encodeBase64Url(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() * 4 + 2) / 3);
    while (!bytes.empty()) {
        const std::size_t taken = bytes.size() < 3 ? bytes.size() : 3;
        const std::uint32_t bits = byteOf(bytes[0]) << 16 |
                                   (taken > 1 ? byteOf(bytes[1]) << 8 : 0) |
                                   (taken > 2 ? byteOf(bytes[2]) : 0);
        for (std::size_t i = 0; i <= taken; ++i) {
            out.push_back(kAlphabet[bits >> (18 - 6 * i) & 0x3F]);
        }
        bytes.remove_prefix(taken);
    }
    return out;
}

std::optional<std::string> decodeBase64Url(std::string_view text) {
    const std::size_t tail = text.size() % 4;
    if (tail == 1) {
        return std::nullopt;
    }
    const std::size_t whole = text.size() - tail;
    std::string out(whole / 4 * 3 + (tail == 0 ? 0 : tail - 1), '\0');
    char* to = out.data();
    std::uint32_t seen = 0;
    for (std::size_t at = 0; at < whole; at += 4) {
        const std::uint32_t a = valueOf(text[at]), b = valueOf(text[at + 1]),
                            c = valueOf(text[at + 2]), d = valueOf(text[at + 3]);
        seen |= a | b | c | d;
        const std::uint32_t bits = a << 18 | b << 12 | c << 6 | d;
        *to++ = static_cast<char>(bits >> 16);
        *to++ = static_cast<char>(bits >> 8);
        *to++ = static_cast<char>(bits);
    }
    // Values stay below 64, so only a foreign character sets the upper bits.
    if (seen > 0x3F || (tail != 0 && !decodeTail(text.substr(whole), to))) {
        return std::nullopt;
    }
    return out;
}

}  // namespace edgerun::text
