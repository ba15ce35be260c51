#include "json_text.h"

#include <cstdio>
#include <cstdlib>

namespace emulator {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool isContinuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// Length of the well-formed UTF-8 sequence at the start of text, 0 when there is none.
std::size_t sequenceLength(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    std::size_t length = 0;
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
    }
    if (length == 0 || text.size() < length) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if (!isContinuation(text[i])) {
            return 0;
        }
    }
    const auto second = static_cast<unsigned char>(text[1]);
    const bool isOverlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const bool isOutside = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
    return isOverlong || isOutside ? 0 : length;
}

void appendEscaped(std::string& out, char byte) {
    switch (byte) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned char>(byte));
    out += escaped;
}

bool needsEscape(char byte) {
    return static_cast<unsigned char>(byte) < 0x20 || byte == '"' || byte == '\\';
}

}  // namespace

JsonRef parseJson(std::string_view text) {
    json_error_t error;
    return JsonRef(json_loadb(text.data(), text.size(),
                              JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &error));
}

std::string dumpJson(const json_t* value, std::string_view absent) {
    if (value == nullptr) {
        return std::string(absent);
    }
    char* text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    std::string copy = text == nullptr ? std::string(absent) : std::string(text);
    std::free(text);
    return copy;
}

std::string_view stringOf(const json_t* value) {
    return json_is_string(value)
               ? std::string_view(json_string_value(value), json_string_length(value))
               : std::string_view();
}

void appendJsonString(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t length = sequenceLength(text);
        if (length == 0) {
            out += kReplacement;
        } else if (needsEscape(text[0])) {
            appendEscaped(out, text[0]);
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    out += '"';
}

std::string jsonString(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 2);
    appendJsonString(out, text);
    return out;
}

ObjectText& ObjectText::string(std::string_view name, std::string_view value) {
    member(name);
    appendJsonString(text_, value);
    return *this;
}

ObjectText& ObjectText::number(std::string_view name, std::int64_t value) {
    member(name);
    text_ += std::to_string(value);
    return *this;
}

ObjectText& ObjectText::boolean(std::string_view name, bool value) {
    member(name);
    text_ += value ? "true" : "false";
    return *this;
}

ObjectText& ObjectText::raw(std::string_view name, std::string_view json) {
    member(name);
    text_ += json;
    return *this;
}

std::string ObjectText::take() {
    text_ += text_.empty() ? "{}" : "}";
    return std::move(text_);
}

void ObjectText::member(std::string_view name) {
    text_ += text_.empty() ? '{' : ',';
    appendJsonString(text_, name);
    text_ += ':';
}

std::size_t codePoints(std::string_view text) {
    std::size_t count = 0;
    for (const char byte : text) {
        count += isContinuation(byte) ? 0 : 1;
    }
    return count;
}

std::string_view firstCodePoints(std::string_view text, std::size_t count) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!isContinuation(text[i]) && count-- == 0) {
            return text.substr(0, i);
        }
    }
    return text;
}

}  // namespace emulator
