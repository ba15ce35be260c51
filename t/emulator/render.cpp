#include "render.h"

#include "answer.h"
#include "json_text.h"
#include "run_life.h"
#include "step_render.h"

namespace emulator {

namespace {

std::string requiredAction(const Run& run) {
    if (run.status != RunStatus::kRequiresAction) {
        return "null";
    }
    std::string calls;
    for (const ToolCall& call : run.steps.back().calls) {
        calls += (calls.empty() ? "" : ",") + renderToolCall(call, false);
    }
    return R"({"type":"submit_tool_outputs","submit_tool_outputs":{"tool_calls":[)" + calls + "]}}";
}

std::string lastError(const Run& run) {
    if (run.status != RunStatus::kFailed) {
        return "null";
    }
    const RunScript& script = run.script;
    return ObjectText()
        .string("code", script.errorCode.empty() ? "server_error" : script.errorCode)
        .string("message",
                script.errorText.empty() ? "Sorry, something went wrong." : script.errorText)
        .take();
}

std::string incompleteDetails(const Run& run) {
    return run.status == RunStatus::kIncomplete
               ? ObjectText().string("reason", run.script.incompleteReason).take()
               : "null";
}

std::string renderUsage(const Run& run) {
    if (!isFinal(run.status) || run.script.hasNoUsage) {
        return "null";
    }
    const Usage usage = usageOf(run.script, run.promptLength, run.answerLength);
    return ObjectText()
        .number("prompt_tokens", usage.promptTokens)
        .number("completion_tokens", usage.completionTokens)
        .number("total_tokens", usage.promptTokens + usage.completionTokens)
        .take();
}

std::string textPart(std::string_view value, std::string_view annotations) {
    return ObjectText(value.size() + 128)
        .string("type", "text")
        .raw("text", ObjectText(value.size() + 64)
                         .string("value", value)
                         .raw("annotations", annotations)
                         .take())
        .take();
}

struct AnswerText {
    std::string value;
    std::string annotations = "[]";
};

AnswerText annotatedAnswer(const std::string& text) {
    const std::string mark =
        "\xE3\x80\x90"
        "4:0\xE2\x80\xA0notes.txt\xE3\x80\x91";
    const std::string link = "sandbox:/mnt/data/result.csv";
    const auto start = static_cast<std::int64_t>(codePoints(text)) + 1;
    const auto middle = start + static_cast<std::int64_t>(codePoints(mark));
    const auto linkStart = middle + 1;
    const std::string citation = ObjectText()
                                     .string("type", "file_citation")
                                     .string("text", mark)
                                     .number("start_index", start)
                                     .number("end_index", middle)
                                     .raw("file_citation", R"({"file_id":"file-emulator0001"})")
                                     .take();
    const std::string path =
        ObjectText()
            .string("type", "file_path")
            .string("text", link)
            .number("start_index", linkStart)
            .number("end_index", linkStart + static_cast<std::int64_t>(link.size()))
            .raw("file_path", R"({"file_id":"file-emulator0002"})")
            .take();
    return {text + " " + mark + " " + link, "[" + citation + "," + path + "]"};
}

std::string answerParts(Run& run, std::size_t index) {
    const RunScript& script = run.script;
    if (script.isRefused) {
        return R"([{"type":"refusal","refusal":)" + jsonString(kRefusalText) + "}]";
    }
    AnswerText text{answerText(script, index)};
    if (script.hasAnnotations) {
        text = annotatedAnswer(text.value);
    }
    run.answerLength += static_cast<std::int64_t>(text.value.size());
    std::string parts = "[";
    if (script.hasImage) {
        parts += R"({"type":"image_file","image_file":{"file_id":"file-emulator0003"}},)";
    }
    return parts + textPart(text.value, text.annotations) + "]";
}

std::string userParts(const json_t* content) {
    if (json_is_string(content)) {
        return "[" + textPart({json_string_value(content), json_string_length(content)}, "[]") +
               "]";
    }
    std::string parts;
    for (std::size_t i = 0; i < json_array_size(content); ++i) {
        const json_t* part = json_array_get(content, i);
        const json_t* text = json_object_get(part, "text");
        parts += parts.empty() ? "" : ",";
        parts += text == nullptr
                     ? dumpJson(part)
                     : textPart({json_string_value(text), json_string_length(text)}, "[]");
    }
    return "[" + parts + "]";
}

}  // namespace

std::string renderRun(const Run& run) {
    const RunEcho& echo = run.echo;
    const auto isNow = [&run](RunStatus status) { return run.status == status; };
    return ObjectText(1400)
        .string("id", run.id)
        .raw("object", "\"thread.run\"")
        .number("created_at", run.createdMs / 1000)
        .string("assistant_id", run.assistantId)
        .string("thread_id", run.threadId)
        .string("status", statusWord(run))
        .raw("started_at", seconds(run.startedMs))
        .raw("expires_at", secondsIf(!isFinal(run.status), run.expiresMs))
        .raw("cancelled_at", secondsIf(isNow(RunStatus::kCancelled), run.finalMs))
        .raw("failed_at", secondsIf(isNow(RunStatus::kFailed), run.finalMs))
        .raw("completed_at", secondsIf(isNow(RunStatus::kCompleted), run.finalMs))
        .raw("required_action", requiredAction(run))
        .raw("last_error", lastError(run))
        .raw("incomplete_details", incompleteDetails(run))
        .raw("model", echo.model)
        .raw("instructions", echo.instructions)
        .raw("tools", echo.tools)
        .raw("metadata", echo.metadata)
        .raw("temperature", echo.temperature)
        .raw("top_p", echo.topP)
        .raw("max_prompt_tokens", echo.maxPromptTokens)
        .raw("max_completion_tokens", echo.maxCompletionTokens)
        .raw("truncation_strategy", echo.truncationStrategy)
        .raw("tool_choice", echo.toolChoice)
        .raw("parallel_tool_calls", echo.parallelToolCalls)
        .raw("response_format", echo.responseFormat)
        .raw("usage", renderUsage(run))
        .take();
}

std::string renderThread(const Thread& thread, const json_t* body) {
    const json_t* metadata = json_object_get(body, "metadata");
    return ObjectText()
        .string("id", thread.id)
        .raw("object", "\"thread\"")
        .number("created_at", thread.createdMs / 1000)
        .raw("metadata", json_is_object(metadata) ? dumpJson(metadata) : "{}")
        .raw("tool_resources", dumpJson(json_object_get(body, "tool_resources"), "{}"))
        .take();
}

std::string renderDeleted(std::string_view id, std::string_view object) {
    return ObjectText().string("id", id).string("object", object).boolean("deleted", true).take();
}

std::string renderAssistant(const Assistant& assistant) {
    const auto member = [&assistant](const char* name, std::string_view otherwise) {
        const json_t* value = json_object_get(assistant.members.get(), name);
        return value == nullptr || json_is_null(value) ? std::string(otherwise) : dumpJson(value);
    };
    return ObjectText(1024)
        .string("id", assistant.id)
        .raw("object", "\"assistant\"")
        .number("created_at", assistant.createdMs / 1000)
        .raw("name", member("name", "null"))
        .raw("description", member("description", "null"))
        .raw("model", member("model", "null"))
        .raw("instructions", member("instructions", "null"))
        .raw("tools", member("tools", "[]"))
        .raw("tool_resources", member("tool_resources", "{}"))
        .raw("metadata", member("metadata", "{}"))
        .raw("temperature", member("temperature", "1.0"))
        .raw("top_p", member("top_p", "1.0"))
        .raw("response_format", member("response_format", "\"auto\""))
        .take();
}

std::string renderMessage(const Thread& thread, std::string_view id, const json_t* body,
                          std::int64_t createdMs) {
    const json_t* metadata = json_object_get(body, "metadata");
    const json_t* attachments = json_object_get(body, "attachments");
    return ObjectText(512)
        .string("id", id)
        .raw("object", "\"thread.message\"")
        .number("created_at", createdMs / 1000)
        .string("thread_id", thread.id)
        .raw("status", "\"completed\"")
        .raw("incomplete_details", "null")
        .raw("completed_at", "null")
        .raw("incomplete_at", "null")
        .raw("role", dumpJson(json_object_get(body, "role")))
        .raw("content", userParts(json_object_get(body, "content")))
        .raw("assistant_id", "null")
        .raw("run_id", "null")
        .raw("attachments", json_is_array(attachments) ? dumpJson(attachments) : "[]")
        .raw("metadata", json_is_object(metadata) ? dumpJson(metadata) : "{}")
        .take();
}

std::string messageText(const json_t* body) {
    const json_t* content = json_object_get(body, "content");
    if (json_is_string(content)) {
        return {json_string_value(content), json_string_length(content)};
    }
    std::string text;
    for (std::size_t i = 0; i < json_array_size(content); ++i) {
        const json_t* part = json_object_get(json_array_get(content, i), "text");
        text.append(part == nullptr ? "" : json_string_value(part));
    }
    return text;
}

std::string renderAnswer(Run& run, std::string_view messageId, std::size_t index) {
    const bool isIncomplete = run.script.status == "incomplete";
    const std::string_view reason = run.script.incompleteReason == "content_filter"
                                        ? R"({"reason":"content_filter"})"
                                        : R"({"reason":"max_tokens"})";
    return ObjectText(768)
        .string("id", messageId)
        .raw("object", "\"thread.message\"")
        .number("created_at", run.endsMs / 1000)
        .string("thread_id", run.threadId)
        .string("status", isIncomplete ? "incomplete" : "completed")
        .raw("incomplete_details", isIncomplete ? reason : "null")
        .raw("completed_at", secondsIf(!isIncomplete, run.endsMs))
        .raw("incomplete_at", secondsIf(isIncomplete, run.endsMs))
        .raw("role", "\"assistant\"")
        .raw("content", answerParts(run, index))
        .string("assistant_id", run.assistantId)
        .string("run_id", run.id)
        .raw("attachments", "[]")
        .raw("metadata", "{}")
        .take();
}

}  // namespace emulator
