#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace emulator {

struct Usage {
    std::int64_t promptTokens = 0;
    std::int64_t completionTokens = 0;
};

// How a run goes, as the markers in the user's message say. README.md lists the markers.
struct RunScript {
    std::string question;  // the message without its markers
    std::optional<std::int64_t> durationMs;
    std::optional<std::int64_t> queuedMs;
    std::optional<std::int64_t> expiresMs;
    std::optional<std::int64_t> cancelMs;
    std::optional<std::int64_t> pollAfterMs;
    std::optional<std::int64_t> lostAfterMs;
    std::string status = "completed";
    std::string errorCode;
    std::string errorText;
    std::string incompleteReason = "max_completion_tokens";
    std::optional<std::string> answer;
    std::size_t answerSize = 0;
    std::size_t messageCount = 1;
    std::optional<Usage> usage;
    bool hasNoUsage = false;
    bool hasAnnotations = false;
    bool hasImage = false;
    bool isRefused = false;
    bool isGarbage = false;
    bool ignoresCancel = false;
    int toolRounds = 0;
    std::vector<std::string> tools;
    std::string toolArguments = "{}";
    bool usesCodeInterpreter = false;
    bool usesFileSearch = false;
};

// `usualAnswer` is what it answers where no marker says so; empty: the emulator's own words.
RunScript readScript(std::string_view message, const std::string& usualAnswer);

}  // namespace emulator
