#pragma once

#include <jansson.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace edgerun::text {

struct JsonRelease {
    void operator()(json_t* value) const noexcept { json_decref(value); }
};

/// Owns one reference.
using JsonPtr = std::unique_ptr<json_t, JsonRelease>;

struct JsonLimits {
    std::size_t maxBytes;
    std::size_t maxDepth = 32;       ///< nesting of arrays and objects
    std::size_t maxValues = 20'000;  ///< members and elements, in all
};

/// RFC 8259 text, whole; null if it is none or passes the limits. Trailing
/// bytes, duplicate member names, NUL in strings and bad UTF-8 are refused.
/// Size and depth are checked before the parser allocates anything; time is
/// linear in the input.
JsonPtr parseJson(std::string_view bytes, JsonLimits limits);

/// Why a text was refused: "string or '}' expected near ','".
struct JsonFault {
    std::string message;  ///< one line; of the text a few bytes at most
    std::size_t line = 1;
};

/// The same, for texts whose author is to be told.
std::variant<JsonPtr, JsonFault> parseJsonOrTell(std::string_view bytes, JsonLimits limits);

/// The text of a string value; empty for any other kind of value or null.
std::string_view stringOf(const json_t* value);

/// Member of an object as string, nullopt when absent or not a string.
std::optional<std::string_view> stringMember(const json_t* object, const char* name);

/// Member of an object as integer, nullopt when absent or not an integer.
std::optional<std::int64_t> integerMember(const json_t* object, const char* name);

/// Compact RFC 8259 text of a value (ASCII and UTF-8 as they are).
/// `digits` are those of a real number at most; 17 keep every one as it is.
std::string dumpJson(const json_t* value, std::size_t digits = 17);

/// The same with the members of every object in order of their names: equal for equal values.
std::string dumpSortedJson(const json_t* value);

/// Appends `text`, which must be valid UTF-8, as a JSON string with its quotes.
void appendJsonString(std::string& out, std::string_view text);

/// A JSON array of strings, each valid UTF-8.
template <typename Strings>
std::string jsonArrayOf(const Strings& strings, std::string_view separator = ",") {
    std::string array = "[";
    for (const auto& string : strings) {
        array += array.size() > 1 ? separator : "";
        appendJsonString(array, string);
    }
    return array += ']';
}

/// Writes one JSON object member by member into a string. Values must be valid
/// UTF-8; names must need no escaping.
class JsonObjectWriter {
public:
    explicit JsonObjectWriter(std::string& out);

    void string(std::string_view name, std::string_view value);
    void integer(std::string_view name, std::int64_t value);
    void boolean(std::string_view name, bool value);
    /// `json` is a finished JSON value.
    void raw(std::string_view name, std::string_view json);
    /// Closes the object; nothing may be added after it.
    void finish();

private:
    void name(std::string_view text);

    std::string& out_;
    bool first_ = true;
};

}  // namespace edgerun::text
