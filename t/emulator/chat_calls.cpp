#include "chat_calls.h"

#include "answer.h"
#include "chat_request.h"
#include "clock.h"
#include "render.h"

namespace emulator {

namespace {

// What the messages of a request come to.
struct ChatHistory {
    std::string question;  // the newest user message, with its markers
    int rounds = 0;        // of tool calls since then
    std::int64_t bytes = 0;
};

ChatHistory readHistory(const json_t* messages) {
    ChatHistory history;
    for (std::size_t i = 0; i < json_array_size(messages); ++i) {
        const json_t* message = json_array_get(messages, i);
        std::string text = messageText(message);
        history.bytes += static_cast<std::int64_t>(text.size());
        if (stringOf(message, "role") == "user") {
            history.question = std::move(text);
            history.rounds = 0;
        } else if (json_is_array(json_object_get(message, "tool_calls"))) {
            ++history.rounds;
        }
    }
    return history;
}

struct FailureRow {
    std::string_view code;
    int status;
    std::string_view type;
    std::string_view shownCode;
};

constexpr FailureRow kFailures[] = {
    {"", 500, "server_error", ""},
    {"server_error", 500, "server_error", ""},
    {"rate_limit_exceeded", 429, "requests", "rate_limit_exceeded"},
    {"insufficient_quota", 429, "insufficient_quota", "insufficient_quota"},
    {"invalid_prompt", 400, "invalid_request_error", "invalid_prompt"},
    {"context_length_exceeded", 400, "invalid_request_error", "context_length_exceeded"},
};

Reply failedReply(const RunScript& script) {
    FailureRow failure{"", 500, "server_error", script.errorCode};
    for (const FailureRow& row : kFailures) {
        failure = row.code == script.errorCode ? row : failure;
    }
    const std::string text = script.errorText.empty()
                                 ? "The server had an error while processing your request. Sorry "
                                   "about that!"
                                 : script.errorText;
    return errorReply({failure.status, text, "", failure.shownCode, failure.type});
}

std::string finishReason(const RunScript& script, int rounds) {
    if (rounds < script.toolRounds) {
        return "tool_calls";
    }
    if (script.status == "incomplete") {
        return script.incompleteReason == "content_filter" ? "content_filter" : "length";
    }
    return script.status == "completed" ? "stop" : script.status;
}

CompletionStatus plannedEnd(std::string_view finishReason) {
    const bool isIncomplete = finishReason == "length" || finishReason == "content_filter";
    return finishReason == "failed" ? CompletionStatus::kFailed
           : isIncomplete           ? CompletionStatus::kIncomplete
                                    : CompletionStatus::kCompleted;
}

std::string renderToolCalls(World& world, const RunScript& script, std::int64_t& bytes) {
    std::string calls;
    for (const std::string& name : script.tools) {
        bytes += static_cast<std::int64_t>(name.size() + script.toolArguments.size());
        calls += calls.empty() ? "" : ",";
        calls += ObjectText()
                     .string("id", world.newId("call_"))
                     .raw("type", "\"function\"")
                     .raw("function", ObjectText()
                                          .string("name", name)
                                          .string("arguments", script.toolArguments)
                                          .take())
                     .take();
    }
    return "[" + calls + "]";
}

std::string renderChatMessage(World& world, const RunScript& script, std::string_view finishReason,
                              std::int64_t& bytes) {
    const bool callsTools = finishReason == "tool_calls";
    std::string content = "null";
    if (!callsTools && !script.isRefused && script.messageCount > 0) {
        const std::string text = answerText(script);
        bytes += static_cast<std::int64_t>(text.size());
        content = jsonString(text);
    }
    ObjectText message(content.size() + 128);
    message.raw("role", "\"assistant\"").raw("content", content);
    if (callsTools) {
        message.raw("tool_calls", renderToolCalls(world, script, bytes));
    }
    const bool isRefused = !callsTools && script.isRefused;
    return message.raw("refusal", isRefused ? jsonString(kRefusalText) : "null")
        .raw("annotations", "[]")
        .take();
}

std::string renderUsage(const Usage& usage) {
    return ObjectText()
        .number("prompt_tokens", usage.promptTokens)
        .number("completion_tokens", usage.completionTokens)
        .number("total_tokens", usage.promptTokens + usage.completionTokens)
        .raw("prompt_tokens_details", R"({"cached_tokens":0,"audio_tokens":0})")
        .raw("completion_tokens_details",
             R"({"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,)"
             R"("rejected_prediction_tokens":0})")
        .take();
}

std::string renderCompletion(CallContext& context, const Completion& completion,
                             const RunScript& script, std::int64_t inputBytes) {
    std::int64_t bytes = 0;
    const std::string choice =
        ObjectText()
            .number("index", 0)
            .raw("message",
                 renderChatMessage(context.world, script, completion.finishReason, bytes))
            .raw("logprobs", "null")
            .string("finish_reason", completion.finishReason)
            .take();
    ObjectText object(choice.size() + 512);
    object.string("id", completion.id)
        .raw("object", "\"chat.completion\"")
        .number("created", completion.createdMs / 1000)
        .string("model", stringOf(context.body.get(), "model"))
        .raw("choices", "[" + choice + "]");
    if (!script.hasNoUsage) {
        object.raw("usage", renderUsage(usageOf(script, inputBytes, bytes)));
    }
    return object.raw("service_tier", "\"default\"")
        .raw("system_fingerprint", "\"fp_emulator\"")
        .take();
}

std::string jobOf(const CallContext& context) {
    const json_t* metadata = json_object_get(context.body.get(), "metadata");
    const json_t* job = json_object_get(metadata, "edgerun_job");
    return std::string(job == nullptr ? context.request.header("x-client-request-id")
                                      : stringOf(job));
}

Completion& beginCompletion(CallContext& context, const RunScript& script, int rounds) {
    Completion& completion = context.world.addCompletion();
    completion.job = jobOf(context);
    completion.question = script.question;
    const json_t* metadata = json_object_get(context.body.get(), "metadata");
    completion.metadata = json_is_object(metadata) ? dumpJson(metadata) : "{}";
    completion.rounds = rounds;
    completion.finishReason = finishReason(script, rounds);
    completion.plannedEnd = plannedEnd(completion.finishReason);
    completion.ignoresCancel = script.ignoresCancel;
    completion.createdMs = context.nowMs;
    completion.endsMs = context.nowMs + durationOf(context.world, context.settings, script);
    return completion;
}

}  // namespace

CallResult createCompletion(CallContext& context) {
    const json_t* body = context.body.get();
    if (auto error = checkChatRequest(body)) {
        return std::move(*error);
    }
    const ChatHistory history = readHistory(json_object_get(body, "messages"));
    const RunScript script = readScript(history.question, context.settings.answer);
    const Completion& completion = beginCompletion(context, script, history.rounds);
    Reply reply;
    if (completion.plannedEnd == CompletionStatus::kFailed) {
        reply = failedReply(script);
    } else {
        reply.body = renderCompletion(context, completion, script, history.bytes);
    }
    if (script.isGarbage) {
        reply.body.resize(reply.body.size() / 2);
    }
    reply.holdMs = completion.endsMs - completion.createdMs;
    reply.whenAbandoned = [&world = context.world, id = completion.id] {
        if (Completion* abandoned = world.findCompletion(id)) {
            abandonCompletion(*abandoned, nowMs());
        }
    };
    return reply;
}

}  // namespace emulator
