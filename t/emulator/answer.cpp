#include "answer.h"

#include <algorithm>

#include "json_text.h"

namespace emulator {

namespace {

constexpr std::int64_t kBytesPerToken = 4;

// So many bytes of a text that begins again where it ends; without a last character that does not
// fit.
std::string repeated(std::string_view text, std::size_t size) {
    std::string result;
    result.reserve(size + text.size());
    while (result.size() <= size) {
        result += text;
    }
    const auto isContinued = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
    while (isContinued(result[size])) {
        --size;
    }
    result.resize(size);
    return result;
}

}  // namespace

std::string answerText(const RunScript& script, std::size_t index) {
    constexpr std::size_t kShownQuestion = 200;
    if (script.answerSize > 0) {
        constexpr std::string_view kFiller = "All work and no play makes the emulator dull. ";
        const bool hasAnswer = script.answer && !script.answer->empty();
        return repeated(hasAnswer ? std::string_view(*script.answer) : kFiller, script.answerSize);
    }
    if (script.answer) {
        return *script.answer;
    }
    const std::string_view shown = firstCodePoints(script.question, kShownQuestion);
    const std::string question =
        std::string(shown) + (shown.size() < script.question.size() ? "..." : "");
    const std::string part = index == 0 ? "" : " (part " + std::to_string(index + 1) + ")";
    return "You asked: \"" + question + "\". This is the emulator's answer" + part +
           ", made without a model: the question came in, the emulator took its time over it, "
           "and this message is what a real assistant's words would look like.";
}

Usage usageOf(const RunScript& script, std::int64_t inputBytes, std::int64_t outputBytes) {
    const Usage made{inputBytes / kBytesPerToken + 1,
                     outputBytes == 0 ? 0 : outputBytes / kBytesPerToken + 1};
    return script.usage.value_or(made);
}

std::int64_t durationOf(World& world, const Settings& settings, const RunScript& script) {
    const std::int64_t jittered =
        settings.durationMs + world.randomWithin(-settings.jitterMs, settings.jitterMs);
    return std::max<std::int64_t>(script.durationMs.value_or(jittered), 0);
}

}  // namespace emulator
