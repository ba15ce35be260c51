#include "edgerun/text/prefer.h"

#include <limits>
#include <string>

#include "edgerun/text/ascii.h"

namespace edgerun::text {

namespace {

constexpr std::string_view kBlanks = " \t";

/// A preference, or a parameter of one.
struct Pair {
    std::string_view name;
    std::string value;  ///< without quotes; empty is as good as none
};

bool isTokenCharacter(char c) {
    const bool isAlphanumeric =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return isAlphanumeric || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool isToken(std::string_view text) {
    for (const char c : text) {
        if (!isTokenCharacter(c)) {
            return false;
        }
    }
    return !text.empty();
}

/// What stands before the first `mark` outside quoted strings; `rest` goes on behind it.
std::string_view takeUntil(char mark, std::string_view& rest) {
    bool isQuoted = false;
    std::size_t at = 0;
    for (; at < rest.size() && (isQuoted || rest[at] != mark); at++) {
        if (rest[at] == '"') {
            isQuoted = !isQuoted;
        } else if (isQuoted && rest[at] == '\\') {
            at++;
        }
    }
    const std::string_view taken = rest.substr(0, at);
    rest.remove_prefix(at < rest.size() ? at + 1 : rest.size());
    return taken;
}

/// A quoted-string of RFC 9110 section 5.6.4.
std::optional<std::string> unquote(std::string_view text) {
    std::string out;
    for (std::size_t at = 1; at < text.size(); at++) {
        if (text[at] == '"') {
            return at + 1 == text.size() ? std::optional(out) : std::nullopt;
        }
        if (text[at] == '\\' && ++at == text.size()) {
            return std::nullopt;
        }
        out += text[at];
    }
    return std::nullopt;
}

std::optional<std::string> readWord(std::string_view text) {
    if (!text.empty() && text.front() == '"') {
        return unquote(text);
    }
    return isToken(text) ? std::optional(std::string(text)) : std::nullopt;
}

std::optional<Pair> readPair(std::string_view text) {
    const auto equals = text.find('=');
    const std::string_view name = trimmed(text.substr(0, equals), kBlanks);
    if (!isToken(name)) {
        return std::nullopt;
    }
    if (equals == std::string_view::npos) {
        return Pair{name, {}};
    }
    const auto value = readWord(trimmed(text.substr(equals + 1), kBlanks));
    return value ? std::optional(Pair{name, *value}) : std::nullopt;
}

/// One element of the list. Its parameters mean nothing to us, but must be well formed.
std::optional<Pair> readPreference(std::string_view text) {
    auto preference = readPair(takeUntil(';', text));
    while (!text.empty()) {
        const std::string_view parameter = trimmed(takeUntil(';', text), kBlanks);
        if (!parameter.empty() && !readPair(parameter)) {
            return std::nullopt;
        }
    }
    return preference;
}

/// delta-seconds (RFC 9110 section 10.2.3); too many count as the most that there are.
std::optional<std::uint64_t> readSeconds(std::string_view text) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
    std::uint64_t seconds = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        seconds = seconds * 10 + static_cast<std::uint64_t>(c - '0');
        seconds = seconds < kMost ? seconds : kMost;
    }
    return text.empty() ? std::nullopt : std::optional(seconds);
}

}  // namespace

Preferences readPreferences(const std::vector<std::string_view>& headers) {
    Preferences preferences;
    bool knowsWait = false;
    bool knowsAsync = false;
    for (std::string_view rest : headers) {
        while (!rest.empty()) {
            const auto preference = readPreference(takeUntil(',', rest));
            if (!preference) {
                continue;
            }
            if (!knowsWait && equalsIgnoringCase(preference->name, "wait")) {
                knowsWait = true;
                preferences.wait = readSeconds(preference->value);
            }
            if (!knowsAsync && equalsIgnoringCase(preference->name, "respond-async")) {
                knowsAsync = true;
                preferences.respondAsync = preference->value.empty();
            }
        }
    }
    return preferences;
}

}  // namespace edgerun::text
