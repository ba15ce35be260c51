#include "options.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iterator>
#include <string_view>

#include "calls.h"

namespace emulator {

namespace {

constexpr const char* kUsage =
    "usage: emulator [--port N] [--host ADDRESS] [--key KEY]... [--assistant ID]...\n"
    "                [--duration MS] [--jitter MS] [--delay MS] [--queued MS] [--cancel MS]\n"
    "                [--poll-after MS] [--log FILE] [--no-log] [--chunked]\n"
    "                [--prefix PATH] [--key-header NAME] [--require-query NAME=VALUE]...\n"
    "                [--no-background] [--no-responses-get] [--lacks CALL,...]\n"
    "                [--tls-cert FILE --tls-key FILE]\n";

bool toNumber(std::string_view text, std::int64_t& value) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    return !text.empty() && error == std::errc() && stop == end && value >= 0;
}

bool toPort(std::string_view text, std::uint16_t& port) {
    std::int64_t number = 0;
    const bool isPort = toNumber(text, number) && number <= 65535;
    port = static_cast<std::uint16_t>(isPort ? number : 0);
    return isPort;
}

bool toPrefix(std::string_view text, std::string& prefix) {
    while (!text.empty() && text.back() == '/') {
        text.remove_suffix(1);
    }
    prefix = text;
    return text.empty() || text.front() == '/';
}

bool toHeaderName(std::string_view text, std::string& name) {
    name = text;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    return !name.empty();
}

bool toPair(std::string_view text, Pairs& pairs) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) {
        return false;
    }
    pairs.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    return true;
}

bool toCallNames(std::string_view text, CallNames& names) {
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        if (!isCallName(text.substr(0, comma))) {
            return false;
        }
        names.emplace(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return true;
}

struct Option {
    std::string_view name;
    bool takesValue;
    bool (*apply)(Options&, std::string_view value);
};

constexpr Option kOptions[] = {
    {"--port", true, [](Options& o, std::string_view v) { return toPort(v, o.port); }},
    {"--host", true, [](Options& o, std::string_view v) { return !(o.host = v).empty(); }},
    {"--key", true,
     [](Options& o, std::string_view v) { return o.settings.keys.emplace(v).second; }},
    {"--assistant", true,
     [](Options& o, std::string_view v) { return o.settings.assistants.emplace(v).second; }},
    {"--duration", true,
     [](Options& o, std::string_view v) { return toNumber(v, o.settings.durationMs); }},
    {"--jitter", true,
     [](Options& o, std::string_view v) { return toNumber(v, o.settings.jitterMs); }},
    {"--delay", true,
     [](Options& o, std::string_view v) { return toNumber(v, o.settings.delayMs); }},
    {"--queued", true,
     [](Options& o, std::string_view v) { return toNumber(v, o.settings.queuedMs); }},
    {"--cancel", true,
     [](Options& o, std::string_view v) { return toNumber(v, o.settings.cancelMs); }},
    {"--poll-after", true,
     [](Options& o, std::string_view v) { return toNumber(v, o.settings.pollAfterMs); }},
    {"--log", true, [](Options& o, std::string_view v) { return !(o.logFile = v).empty(); }},
    {"--no-log", false,
     [](Options& o, std::string_view) { return !(o.settings.keepsLog = false); }},
    {"--chunked", false, [](Options& o, std::string_view) { return o.settings.isChunked = true; }},
    {"--prefix", true,
     [](Options& o, std::string_view v) { return toPrefix(v, o.settings.prefix); }},
    {"--key-header", true,
     [](Options& o, std::string_view v) { return toHeaderName(v, o.settings.keyHeader); }},
    {"--require-query", true,
     [](Options& o, std::string_view v) { return toPair(v, o.settings.requiredQuery); }},
    {"--no-background", false,
     [](Options& o, std::string_view) { return !(o.settings.honoursBackground = false); }},
    {"--no-responses-get", false,
     [](Options& o, std::string_view) { return toCallNames("poll_response", o.settings.lacks); }},
    {"--lacks", true,
     [](Options& o, std::string_view v) { return toCallNames(v, o.settings.lacks); }},
    {"--tls-cert", true,
     [](Options& o, std::string_view v) { return !(o.certificateFile = v).empty(); }},
    {"--tls-key", true, [](Options& o, std::string_view v) { return !(o.keyFile = v).empty(); }},
};

void applyDefaults(Settings& settings) {
    if (settings.keys.empty()) {
        settings.keys.emplace("sk-emulator");
    }
    if (settings.assistants.empty()) {
        settings.assistants.emplace("asst_demo");
    }
}

}  // namespace

std::optional<Options> readOptions(int count, char** words) {
    Options options;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        const auto* option =
            std::find_if(std::begin(kOptions), std::end(kOptions),
                         [word](const Option& candidate) { return candidate.name == word; });
        const bool isKnown = option != std::end(kOptions);
        const bool isComplete = isKnown && (!option->takesValue || i + 1 < count);
        const char* value = isComplete && option->takesValue ? words[++i] : "";
        if (!isComplete || !option->apply(options, value)) {
            std::fprintf(stderr, "emulator: bad option %s\n%s",
                         option == std::end(kOptions) ? words[i] : option->name.data(), kUsage);
            return std::nullopt;
        }
    }
    if (options.certificateFile.empty() != options.keyFile.empty()) {
        std::fprintf(stderr, "emulator: --tls-cert and --tls-key go together\n%s", kUsage);
        return std::nullopt;
    }
    applyDefaults(options.settings);
    return options;
}

}  // namespace emulator
