#include "tagged_fields.h"

#include <cstddef>

namespace edgerun::store {

namespace {

constexpr std::size_t kMaxLengthBytes = 5;

void appendLength(std::string& out, std::size_t length) {
    for (; length >= 0x80; length >>= 7) {
        out.push_back(static_cast<char>(length | 0x80));
    }
    out.push_back(static_cast<char>(length));
}

/// Moves the length out of `bytes`.
std::optional<std::uint64_t> takeLength(std::string_view& bytes) {
    std::uint64_t length = 0;
    for (std::size_t at = 0; at < kMaxLengthBytes && at < bytes.size(); ++at) {
        const auto byte = static_cast<unsigned char>(bytes[at]);
        length |= std::uint64_t{byte & 0x7fU} << (7 * at);
        if (byte < 0x80) {
            bytes.remove_prefix(at + 1);
            return length;
        }
    }
    return std::nullopt;
}

}  // namespace

void appendField(std::string& out, std::uint8_t tag, std::string_view bytes) {
    out.push_back(static_cast<char>(tag));
    appendLength(out, bytes.size());
    out.append(bytes);
}

void appendNumber(std::string& out, std::uint8_t tag, std::uint64_t number) {
    char bytes[sizeof(number)];
    std::size_t size = 0;
    for (; number != 0; number >>= 8) {
        bytes[size++] = static_cast<char>(number);
    }
    appendField(out, tag, {bytes, size});
}

std::optional<std::uint64_t> numberOf(std::string_view bytes) {
    std::uint64_t number = 0;
    if (bytes.size() > sizeof(number)) {
        return std::nullopt;
    }
    for (std::size_t at = bytes.size(); at > 0; --at) {
        number = number << 8 | static_cast<unsigned char>(bytes[at - 1]);
    }
    return number;
}

std::optional<TaggedField> TaggedFields::next() {
    if (rest_.empty()) {
        return std::nullopt;
    }
    std::string_view behindTag = rest_.substr(1);
    const auto length = takeLength(behindTag);
    if (!length || *length > behindTag.size()) {
        return std::nullopt;
    }
    const TaggedField field{static_cast<std::uint8_t>(rest_[0]), behindTag.substr(0, *length)};
    rest_ = behindTag.substr(*length);
    return field;
}

}  // namespace edgerun::store
