#include "completion.h"

#include "json_text.h"

namespace emulator {

void settleCompletion(Completion& completion, std::int64_t nowMs) {
    if (completion.status == CompletionStatus::kInProgress && nowMs >= completion.endsMs) {
        completion.status = completion.plannedEnd;
        completion.finalMs = completion.endsMs;
    }
}

void abandonCompletion(Completion& completion, std::int64_t nowMs) {
    settleCompletion(completion, nowMs);
    if (completion.status == CompletionStatus::kInProgress && !completion.ignoresCancel) {
        completion.status = CompletionStatus::kCancelled;
        completion.finalMs = nowMs;
    }
}

std::string_view statusWord(const Completion& completion) {
    switch (completion.status) {
        case CompletionStatus::kInProgress:
            return "in_progress";
        case CompletionStatus::kCompleted:
            return "completed";
        case CompletionStatus::kIncomplete:
            return "incomplete";
        case CompletionStatus::kFailed:
            return "failed";
        case CompletionStatus::kCancelled:
            return "cancelled";
    }
    return "";
}

std::string renderRecord(const Completion& completion) {
    const bool isAnswered =
        completion.finalMs != 0 && completion.status != CompletionStatus::kCancelled;
    const std::string finalMs =
        completion.finalMs == 0 ? "null" : std::to_string(completion.finalMs);
    return ObjectText()
        .raw("kind", "\"completion\"")
        .string("id", completion.id)
        .string("thread", "")
        .boolean("thread_exists", false)
        .string("job", completion.job)
        .string("question", completion.question)
        .number("rounds", completion.rounds)
        .string("status", statusWord(completion))
        .string("finish_reason", completion.finishReason)
        .raw("metadata", completion.metadata)
        .number("created_ms", completion.createdMs)
        .raw("final_at_ms", finalMs)
        .raw("first_seen_final_ms", isAnswered ? finalMs : "null")
        .take();
}

}  // namespace emulator
