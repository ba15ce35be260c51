#include <charconv>
#include <cstring>

#include "edgerun/text/hex.h"
#include "edgerun/text/json.h"

namespace edgerun::text {
namespace {

bool needsEscape(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

constexpr std::uint64_t everyByte(std::uint64_t value) {
    return value * 0x0101010101010101U;
}

/// Has the word a byte below `bound` (at most 0x80)? The borrow of a lower byte
/// can only mark a byte above one that is truly below, so the answer is exact.
constexpr bool hasByteBelow(std::uint64_t word, std::uint64_t bound) {
    return ((word - everyByte(bound)) & ~word & everyByte(0x80)) != 0;
}

bool anyNeedsEscape(const char* eightBytes) {
    std::uint64_t word;
    std::memcpy(&word, eightBytes, sizeof word);
    return hasByteBelow(word, 0x20) || hasByteBelow(word ^ everyByte('"'), 1) ||
           hasByteBelow(word ^ everyByte('\\'), 1);
}

/// Answers are megabytes of text with few escapes, so eight bytes are looked at
/// together and whole runs are copied.
std::size_t endOfPlainRun(std::string_view text, std::size_t at) {
    while (at + sizeof(std::uint64_t) <= text.size() && !anyNeedsEscape(text.data() + at)) {
        at += sizeof(std::uint64_t);
    }
    while (at < text.size() && !needsEscape(text[at])) {
        ++at;
    }
    return at;
}

void appendEscaped(std::string& out, char c) {
    constexpr std::string_view kNamed = "\nn\"\"\\\\\tt\rr\bb\ff";
    for (std::size_t i = 0; i < kNamed.size(); i += 2) {
        if (kNamed[i] == c) {
            out.push_back('\\');
            out.push_back(kNamed[i + 1]);
            return;
        }
    }
    out.append("\\u00");
    appendHex(out, static_cast<std::uint8_t>(c));
}

}  // namespace

void appendJsonString(std::string& out, std::string_view text) {
    out.push_back('"');
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = endOfPlainRun(text, at);
        out.append(text, at, end - at);
        for (at = end; at < text.size() && needsEscape(text[at]); ++at) {
            appendEscaped(out, text[at]);
        }
    }
    out.push_back('"');
}

JsonObjectWriter::JsonObjectWriter(std::string& out) : out_(out) {
    out_.push_back('{');
}

void JsonObjectWriter::string(std::string_view name, std::string_view value) {
    this->name(name);
    appendJsonString(out_, value);
}

void JsonObjectWriter::integer(std::string_view name, std::int64_t value) {
    this->name(name);
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(digits, end);
}

void JsonObjectWriter::boolean(std::string_view name, bool value) {
    raw(name, value ? "true" : "false");
}

void JsonObjectWriter::raw(std::string_view name, std::string_view json) {
    this->name(name);
    out_.append(json);
}

void JsonObjectWriter::finish() {
    out_.push_back('}');
}

void JsonObjectWriter::name(std::string_view text) {
    if (!first_) {
        out_.push_back(',');
    }
    first_ = false;
    out_.push_back('"');
    out_.append(text);
    out_.append("\":");
}

}  // namespace edgerun::text
