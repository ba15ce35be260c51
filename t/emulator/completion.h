#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace emulator {

enum class CompletionStatus { kInProgress, kCompleted, kIncomplete, kFailed, kCancelled };

// A chat completion that is being made, or was.
struct Completion {
    std::string id;
    std::string job;       // metadata.edgerun_job, else the header X-Client-Request-Id
    std::string question;  // the newest user message without its markers
    std::string metadata;  // JSON
    std::string finishReason;
    int rounds = 0;  // of tool calls since that message, before this one
    CompletionStatus status = CompletionStatus::kInProgress;
    CompletionStatus plannedEnd = CompletionStatus::kCompleted;
    bool ignoresCancel = false;
    std::int64_t createdMs = 0;
    std::int64_t endsMs = 0;
    std::int64_t finalMs = 0;
};

// As runs, a completion changes with time: settle it before looking at it.
void settleCompletion(Completion& completion, std::int64_t nowMs);

// Its client has gone: what is not finished is cancelled.
void abandonCompletion(Completion& completion, std::int64_t nowMs);

std::string_view statusWord(const Completion& completion);

// As /_emulator/runs shows it.
std::string renderRecord(const Completion& completion);

}  // namespace emulator
