#include "edgerun/text/json.h"

#include <algorithm>
#include <cstdlib>

#include "edgerun/text/utf8.h"

namespace edgerun::text {
namespace {

/// The position of the quote that ends the string whose text starts at `from`,
/// or the end of the input. A quote is escaped by an odd run of backslashes.
std::size_t endOfString(std::string_view bytes, std::size_t from) {
    for (std::size_t at = from; (at = bytes.find('"', at)) != std::string_view::npos; ++at) {
        std::size_t run = at;
        while (run > from && bytes[run - 1] == '\\') {
            --run;
        }
        if ((at - run) % 2 == 0) {
            return at;
        }
    }
    return bytes.size();
}

/// jansson itself recurses down to 2048 levels, and allocates for each value: a
/// megabyte of brackets takes it a tenth of a second. So both are counted before
/// it starts. What stands inside strings does not count.
bool isWithin(std::string_view bytes, const JsonLimits& limits) {
    std::size_t depth = 0;
    std::size_t values = 1;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        switch (bytes[at]) {
            case '"':
                at = endOfString(bytes, at + 1);
                break;
            case '[':
            case '{':
                ++values;
                if (++depth > limits.maxDepth) {
                    return false;
                }
                break;
            case ']':
            case '}':
                depth -= depth > 0 ? 1 : 0;
                break;
            case ',':
                ++values;
                break;
        }
    }
    return values <= limits.maxValues;
}

/// jansson shows what stands there, whatever that is, and may end in the middle of a code point.
std::string oneLine(std::string text) {
    const auto replace = [&](auto isBad, char by) {
        std::replace_if(
            text.begin(), text.end(), [&](unsigned char byte) { return isBad(byte); }, by);
    };
    replace([](unsigned char byte) { return byte < ' ' || byte == 0x7F; }, ' ');
    if (!isValidUtf8(text) || hasControlCharacter(text)) {
        replace([](unsigned char byte) { return byte >= 0x80; }, '?');
    }
    return text;
}

struct FreeRelease {
    void operator()(char* text) const noexcept { std::free(text); }
};

std::string dump(const json_t* value, std::size_t flags) {
    const std::unique_ptr<char, FreeRelease> text(
        json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | flags));
    return text ? std::string(text.get()) : std::string();
}

}  // namespace

JsonPtr parseJson(std::string_view bytes, JsonLimits limits) {
    auto parsed = parseJsonOrTell(bytes, limits);
    auto* value = std::get_if<JsonPtr>(&parsed);
    return value != nullptr ? std::move(*value) : nullptr;
}

std::variant<JsonPtr, JsonFault> parseJsonOrTell(std::string_view bytes, JsonLimits limits) {
    if (bytes.size() > limits.maxBytes || !isWithin(bytes, limits)) {
        return JsonFault{"it is too large, or nested too deeply"};
    }
    json_error_t error;
    JsonPtr value(
        json_loadb(bytes.data(), bytes.size(), JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error));
    if (value == nullptr) {
        return JsonFault{oneLine(error.text),
                         static_cast<std::size_t>(error.line > 0 ? error.line : 1)};
    }
    return value;
}

std::string_view stringOf(const json_t* value) {
    return json_is_string(value)
               ? std::string_view(json_string_value(value), json_string_length(value))
               : std::string_view();
}

std::optional<std::string_view> stringMember(const json_t* object, const char* name) {
    const json_t* value = json_object_get(object, name);
    return json_is_string(value) ? std::optional(stringOf(value)) : std::nullopt;
}

std::optional<std::int64_t> integerMember(const json_t* object, const char* name) {
    const json_t* value = json_object_get(object, name);
    return json_is_integer(value) ? std::optional<std::int64_t>(json_integer_value(value))
                                  : std::nullopt;
}

std::string dumpJson(const json_t* value, std::size_t digits) {
    return dump(value, JSON_REAL_PRECISION(digits));
}

std::string dumpSortedJson(const json_t* value) {
    return dump(value, JSON_SORT_KEYS);
}

}  // namespace edgerun::text
