#pragma once

#include <jansson.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace emulator {

struct JsonRelease {
    void operator()(json_t* value) const { json_decref(value); }
};
using JsonRef = std::unique_ptr<json_t, JsonRelease>;

// Parses strict JSON (no duplicate names, no bytes after the value); empty when it is not JSON.
JsonRef parseJson(std::string_view text);

// Compact text of a value; `absent` when the value is missing.
std::string dumpJson(const json_t* value, std::string_view absent = "null");

// The text of a string value; empty when it is none.
std::string_view stringOf(const json_t* value);
inline std::string_view stringOf(const json_t* object, const char* name) {
    return stringOf(json_object_get(object, name));
}

// Appends text as a JSON string. Bytes that are not UTF-8 become U+FFFD, so that a log of broken
// requests is still JSON.
void appendJsonString(std::string& out, std::string_view text);
std::string jsonString(std::string_view text);

// Writes one JSON object member by member; `raw` values are JSON already.
class ObjectText {
public:
    explicit ObjectText(std::size_t reserve = 256) { text_.reserve(reserve); }
    ObjectText& string(std::string_view name, std::string_view value);
    ObjectText& number(std::string_view name, std::int64_t value);
    ObjectText& boolean(std::string_view name, bool value);
    ObjectText& raw(std::string_view name, std::string_view json);
    std::string take();

private:
    void member(std::string_view name);

    std::string text_;
};

// Number of Unicode code points, as OpenAI counts lengths.
std::size_t codePoints(std::string_view text);

// The longest beginning of text with at most `count` code points.
std::string_view firstCodePoints(std::string_view text, std::size_t count);

}  // namespace emulator
