#include "run_script.h"

#include <algorithm>
#include <charconv>

namespace emulator {

namespace {

std::int64_t toNumber(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::size_t toSize(std::string_view text, std::int64_t most) {
    return static_cast<std::size_t>(std::clamp<std::int64_t>(toNumber(text), 0, most));
}

void readError(RunScript& script, std::string_view value) {
    const std::size_t colon = std::min(value.find(':'), value.size());
    script.errorCode = value.substr(0, colon);
    script.errorText = value.substr(std::min(colon + 1, value.size()));
    script.status = "failed";
}

void readStatus(RunScript& script, std::string_view value) {
    if (value == "requires_action") {
        script.toolRounds = std::max(script.toolRounds, 1);
    } else {
        script.status = value;
    }
}

void readUsage(RunScript& script, std::string_view value) {
    const std::size_t comma = std::min(value.find(','), value.size());
    script.hasNoUsage = value == "none";
    if (!script.hasNoUsage) {
        script.usage = Usage{toNumber(value.substr(0, comma)),
                             toNumber(value.substr(std::min(comma + 1, value.size())))};
    }
}

void readTools(RunScript& script, std::string_view value) {
    script.toolRounds = std::max(script.toolRounds, 1);
    while (!value.empty()) {
        const std::size_t comma = std::min(value.find(','), value.size());
        script.tools.emplace_back(value.substr(0, comma));
        value.remove_prefix(std::min(comma + 1, value.size()));
    }
}

constexpr std::int64_t kMostAnswer = 64 * 1024 * 1024;
constexpr std::int64_t kMostMessages = 500;

struct Marker {
    std::string_view name;
    void (*apply)(RunScript&, std::string_view value);
};

constexpr Marker kMarkers[] = {
    {"duration", [](RunScript& s, std::string_view v) { s.durationMs = toNumber(v); }},
    {"queued", [](RunScript& s, std::string_view v) { s.queuedMs = toNumber(v); }},
    {"expires", [](RunScript& s, std::string_view v) { s.expiresMs = toNumber(v); }},
    {"cancel_after", [](RunScript& s, std::string_view v) { s.cancelMs = toNumber(v); }},
    {"cancel", [](RunScript& s, std::string_view v) { s.ignoresCancel = v == "ignored"; }},
    {"poll_after", [](RunScript& s, std::string_view v) { s.pollAfterMs = toNumber(v); }},
    {"lost_after", [](RunScript& s, std::string_view v) { s.lostAfterMs = toNumber(v); }},
    {"status", readStatus},
    {"error", readError},
    {"reason", [](RunScript& s, std::string_view v) { s.incompleteReason = v; }},
    {"answer", [](RunScript& s, std::string_view v) { s.answer = std::string(v); }},
    {"answer_size",
     [](RunScript& s, std::string_view v) { s.answerSize = toSize(v, kMostAnswer); }},
    {"messages",
     [](RunScript& s, std::string_view v) { s.messageCount = toSize(v, kMostMessages); }},
    {"usage", readUsage},
    {"annotations", [](RunScript& s, std::string_view) { s.hasAnnotations = true; }},
    {"image", [](RunScript& s, std::string_view) { s.hasImage = true; }},
    {"refusal", [](RunScript& s, std::string_view) { s.isRefused = true; }},
    {"garbage", [](RunScript& s, std::string_view) { s.isGarbage = true; }},
    {"tools", readTools},
    {"tool_rounds",
     [](RunScript& s, std::string_view v) { s.toolRounds = static_cast<int>(toSize(v, 100)); }},
    {"tool_arguments", [](RunScript& s, std::string_view v) { s.toolArguments = v; }},
    {"code_interpreter", [](RunScript& s, std::string_view) { s.usesCodeInterpreter = true; }},
    {"file_search", [](RunScript& s, std::string_view) { s.usesFileSearch = true; }},
};

bool applyMarker(RunScript& script, std::string_view text) {
    const std::size_t equals = std::min(text.find('='), text.size());
    for (const Marker& marker : kMarkers) {
        if (marker.name == text.substr(0, equals)) {
            marker.apply(script, text.substr(std::min(equals + 1, text.size())));
            return true;
        }
    }
    return false;
}

std::string trimmed(std::string text) {
    const auto isBlank = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
    while (!text.empty() && isBlank(text.back())) {
        text.pop_back();
    }
    const auto start = std::find_if_not(text.begin(), text.end(), isBlank);
    text.erase(text.begin(), start);
    return text;
}

}  // namespace

RunScript readScript(std::string_view message, const std::string& usualAnswer) {
    RunScript script;
    if (!usualAnswer.empty()) {
        script.answer = usualAnswer;
    }
    while (!message.empty()) {
        const std::size_t open = std::min(message.find("[["), message.size());
        script.question += message.substr(0, open);
        message.remove_prefix(open);
        const std::size_t end = message.find("]]");
        if (end == std::string_view::npos) {
            script.question += message;
            break;
        }
        if (!applyMarker(script, message.substr(2, end - 2))) {
            script.question += message.substr(0, end + 2);
        }
        message.remove_prefix(end + 2);
    }
    script.question = trimmed(std::move(script.question));
    if (script.toolRounds > 0 && script.tools.empty()) {
        script.tools.emplace_back("lookup");
    }
    return script;
}

}  // namespace emulator
