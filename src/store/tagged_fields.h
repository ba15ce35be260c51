#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Fields one behind the other: a tag of one byte, the length as a varint of at most five bytes
/// (seven bits each, the lowest first), that many bytes. Numbers are the bytes of a 64-bit number,
/// the lowest first, without the zeros at its high end.
namespace edgerun::store {

struct TaggedField {
    std::uint8_t tag = 0;
    std::string_view bytes;
};

void appendField(std::string& out, std::uint8_t tag, std::string_view bytes);
void appendNumber(std::string& out, std::uint8_t tag, std::uint64_t number);

/// nullopt when there are more than eight bytes.
std::optional<std::uint64_t> numberOf(std::string_view bytes);

class TaggedFields {
public:
    explicit TaggedFields(std::string_view bytes) : rest_(bytes) {}

    /// nullopt behind the last one, and before one that is cut short.
    std::optional<TaggedField> next();
    /// Has next() come to the end?
    bool isAtEnd() const { return rest_.empty(); }

private:
    std::string_view rest_;
};

}  // namespace edgerun::store
