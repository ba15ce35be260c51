#include "step_render.h"

#include "json_text.h"
#include "run_life.h"

namespace emulator {

namespace {

std::string renderCodeCall(const ToolCall& call) {
    const std::string logs =
        ObjectText().string("type", "logs").string("logs", call.output.value_or("")).take();
    constexpr std::string_view kImage =
        R"({"type":"image","image":{"file_id":"file-emulator0003"}})";
    return ObjectText()
        .string("id", call.id)
        .string("type", "code_interpreter")
        .raw("code_interpreter", ObjectText()
                                     .string("input", call.arguments)
                                     .raw("outputs", "[" + logs + "," + std::string(kImage) + "]")
                                     .take())
        .take();
}

std::string renderFileSearch(const ToolCall& call, bool withContent) {
    const std::string content =
        ObjectText().raw("type", "\"text\"").string("text", call.output.value_or("")).take();
    ObjectText result;
    result.string("file_id", "file-emulator0001")
        .string("file_name", "notes.txt")
        .raw("score", "0.87");
    if (withContent) {
        result.raw("content", "[" + content + "]");
    }
    return ObjectText()
        .string("id", call.id)
        .string("type", "file_search")
        .raw("file_search",
             ObjectText()
                 .raw("ranking_options", R"({"ranker":"default_2024_08_21","score_threshold":0.0})")
                 .raw("results", "[" + result.take() + "]")
                 .take())
        .take();
}

std::string renderCall(const RunStep& step, const ToolCall& call, bool withContent) {
    switch (step.kind) {
        case StepKind::kCodeInterpreter:
            return renderCodeCall(call);
        case StepKind::kFileSearch:
            return renderFileSearch(call, withContent);
        case StepKind::kFunctions:
        case StepKind::kMessage:
            return renderToolCall(call, true);
    }
    return {};
}

std::string stepDetails(const RunStep& step, bool withContent) {
    if (step.kind == StepKind::kMessage) {
        return R"({"type":"message_creation","message_creation":{"message_id":)" +
               jsonString(step.messageId) + "}}";
    }
    std::string calls;
    for (const ToolCall& call : step.calls) {
        calls += (calls.empty() ? "" : ",") + renderCall(step, call, withContent);
    }
    return R"({"type":"tool_calls","tool_calls":[)" + calls + "]}";
}

// A step that a run took with it into its end is as that run is; all others are completed.
std::string_view stepStatus(const Run& run, const RunStep& step) {
    if (step.endedMs == 0) {
        return "in_progress";
    }
    const bool isCutShort = step.endedMs == run.finalMs && !step.calls.empty() &&
                            !step.calls.front().output.has_value();
    return isCutShort ? statusWord(run) : "completed";
}

}  // namespace

std::string seconds(std::int64_t ms) {
    return ms == 0 ? "null" : std::to_string(ms / 1000);
}

std::string secondsIf(bool holds, std::int64_t ms) {
    return holds ? seconds(ms) : "null";
}

std::string renderToolCall(const ToolCall& call, bool withOutput) {
    ObjectText function;
    function.string("name", call.name).string("arguments", call.arguments);
    if (withOutput) {
        function.raw("output", call.output ? jsonString(*call.output) : "null");
    }
    return ObjectText()
        .string("id", call.id)
        .string("type", "function")
        .raw("function", function.take())
        .take();
}

std::string renderStep(const Run& run, const RunStep& step, bool withContent) {
    const std::string_view status = stepStatus(run, step);
    return ObjectText(700)
        .string("id", step.id)
        .raw("object", "\"thread.run.step\"")
        .number("created_at", step.createdMs / 1000)
        .string("assistant_id", run.assistantId)
        .string("thread_id", run.threadId)
        .string("run_id", run.id)
        .string("type", step.kind == StepKind::kMessage ? "message_creation" : "tool_calls")
        .string("status", status)
        .raw("step_details", stepDetails(step, withContent))
        .raw("last_error", "null")
        .raw("expired_at", secondsIf(status == "expired", step.endedMs))
        .raw("cancelled_at", secondsIf(status == "cancelled", step.endedMs))
        .raw("failed_at", secondsIf(status == "failed", step.endedMs))
        .raw("completed_at", secondsIf(status == "completed", step.endedMs))
        .raw("metadata", "{}")
        .raw("usage", "null")
        .take();
}

}  // namespace emulator
