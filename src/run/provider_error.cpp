#include "edgerun/run/provider_error.h"

#include <algorithm>

#include "edgerun/text/ascii.h"
#include "edgerun/text/json.h"
#include "edgerun/text/utf8.h"

namespace edgerun::run {
namespace {

constexpr std::size_t kErrorBodyLimit = 64 * 1024;
constexpr std::string_view kBlank = "[hidden]";

struct SecretPrefix {
    std::string_view text;        ///< case does not matter
    std::string_view separators;  ///< may stand between it and the secret
};

/// What follows one of these, up to the first byte that keys do not have, is
/// not for others.
constexpr SecretPrefix kSecretPrefixes[] = {
    {"sk-", ""},       {"sk_", ""},        {"gsk_", ""},       {"xai-", ""},
    {"aiza", ""},      {"eyj", ""},        {"org-", ""},       {"proj_", ""},
    {"bearer", " :="}, {"api-key", " :="}, {"api_key", " :="},
};

bool isAsciiAlnum(unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool isKeyByte(unsigned char c) {
    return isAsciiAlnum(c) ||
           std::string_view("-_.*+/=~").find(static_cast<char>(c)) != std::string_view::npos;
}

std::size_t skip(std::string_view text, std::size_t from, std::string_view bytes) {
    return std::min(text.find_first_not_of(bytes, from), text.size());
}

/// Bytes of the secret that `text` starts with, its prefix included; or 0.
std::size_t secretLength(std::string_view text) {
    for (const SecretPrefix& prefix : kSecretPrefixes) {
        if (!text::equalsIgnoringCase(text.substr(0, prefix.text.size()), prefix.text)) {
            continue;
        }
        const std::size_t begin = skip(text, prefix.text.size(), prefix.separators);
        std::size_t end = begin;
        while (end < text.size() && isKeyByte(static_cast<unsigned char>(text[end]))) {
            ++end;
        }
        if (end > begin) {
            return end;
        }
    }
    return 0;
}

std::string blankSecrets(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        const bool inWord = i > 0 && isAsciiAlnum(static_cast<unsigned char>(text[i - 1]));
        const std::size_t length = inWord ? 0 : secretLength(text.substr(i));
        if (length > 0) {
            out += kBlank;
            i += length;
        } else {
            out += text[i++];
        }
    }
    return out;
}

/// C0, DEL, and C1 (C2 80 to C2 9F in UTF-8), each byte of it.
void blankControls(std::string& text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 || c == 0x7F) {
            text[i] = ' ';
        } else if (c == 0xC2 && i + 1 < text.size() &&
                   static_cast<unsigned char>(text[i + 1]) < 0xA0) {
            text[i] = ' ';
            text[i + 1] = ' ';
        }
    }
}

void replaceForeignBytes(std::string& text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; },
        '?');
}

}  // namespace

ProviderError readProviderError(std::string_view body) {
    const text::JsonPtr parsed = text::parseJson(body, {kErrorBodyLimit});
    const json_t* error = json_object_get(parsed.get(), "error");
    ProviderError result;
    result.message = error != nullptr && json_is_string(error)
                         ? text::stringOf(error)
                         : text::stringMember(error, "message").value_or("");
    const auto code = text::stringMember(error, "code");
    result.code = code && !code->empty() ? *code : text::stringMember(error, "type").value_or("");
    return result;
}

std::string cleanProviderText(std::string_view raw, std::size_t limit) {
    // Blanking shortens, so more than the limit is looked at; but not megabytes.
    const std::size_t looked = 8 * limit;
    std::string text;
    if (text::isValidUtf8(raw)) {
        text = text::cutAtBytes(raw, looked);
    } else {
        text = raw.substr(0, looked);
        replaceForeignBytes(text);
    }
    blankControls(text);
    text = blankSecrets(text);
    return std::string(text::cutAtBytes(text, limit));
}

}  // namespace edgerun::run
