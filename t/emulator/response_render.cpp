#include "response_render.h"

#include "answer.h"
#include "json_text.h"
#include "response_life.h"

namespace emulator {

namespace {

std::string idOrNull(const std::string& id) {
    return id.empty() ? "null" : jsonString(id);
}

std::string errorOf(const Response& response) {
    if (response.status != ResponseStatus::kFailed) {
        return "null";
    }
    const RunScript& script = response.script;
    return ObjectText()
        .string("code", script.errorCode.empty() ? "server_error" : script.errorCode)
        .string("message",
                script.errorText.empty() ? "Sorry, something went wrong." : script.errorText)
        .take();
}

// The script's own default is a word of runs.
std::string incompleteDetails(const Response& response) {
    if (response.status != ResponseStatus::kIncomplete) {
        return "null";
    }
    const std::string& reason = response.script.incompleteReason;
    return ObjectText()
        .string("reason", reason == "max_completion_tokens" ? "max_output_tokens" : reason)
        .take();
}

std::int64_t textLength(const ItemList& items) {
    std::int64_t length = 0;
    for (const ItemRef& item : items) {
        length += item->textLength;
    }
    return length;
}

bool hasUsage(const Response& response) {
    const bool hasAnswer = response.status == ResponseStatus::kCompleted ||
                           response.status == ResponseStatus::kIncomplete;
    return hasAnswer || (isFinal(response.status) && response.script.usage.has_value());
}

std::string usageJson(const Response& response) {
    if (response.script.hasNoUsage) {
        return "null";
    }
    const std::int64_t inputLength = textLength(response.context) + textLength(response.input) +
                                     static_cast<std::int64_t>(response.echo.instructions.size());
    const Usage usage = usageOf(response.script, inputLength, textLength(response.output));
    return ObjectText()
        .number("input_tokens", usage.promptTokens)
        .raw("input_tokens_details", R"({"cached_tokens":0,"cache_write_tokens":0})")
        .number("output_tokens", usage.completionTokens)
        .raw("output_tokens_details", R"({"reasoning_tokens":0})")
        .number("total_tokens", usage.promptTokens + usage.completionTokens)
        .take();
}

std::string conversationOf(const Response& response) {
    return response.conversationId.empty()
               ? "null"
               : ObjectText().string("id", response.conversationId).take();
}

std::string given(const json_t* body, const char* name, std::string_view otherwise) {
    const json_t* value = json_object_get(body, name);
    return value == nullptr || json_is_null(value) ? std::string(otherwise) : dumpJson(value);
}

std::string textEcho(const json_t* body) {
    const json_t* text = json_object_get(body, "text");
    return ObjectText()
        .raw("format", given(text, "format", R"({"type":"text"})"))
        .raw("verbosity", given(text, "verbosity", "\"medium\""))
        .take();
}

std::string reasoningEcho(const json_t* body) {
    const json_t* reasoning = json_object_get(body, "reasoning");
    return ObjectText()
        .raw("effort", given(reasoning, "effort", "null"))
        .raw("summary", given(reasoning, "summary", "null"))
        .take();
}

}  // namespace

std::string renderResponse(const Response& response, const Inclusions& includes) {
    const ResponseEcho& echo = response.echo;
    const bool isCompleted = response.status == ResponseStatus::kCompleted;
    const bool hasOutput = isCompleted || response.status == ResponseStatus::kIncomplete;
    ObjectText object(2048);
    object.string("id", response.id)
        .raw("object", "\"response\"")
        .number("created_at", response.createdMs / 1000)
        .string("status", statusWord(response))
        .raw("access_programs", "null")
        .boolean("background", response.isBackground)
        .raw("completed_at", isCompleted ? std::to_string(response.finalMs / 1000) : "null")
        .raw("conversation", conversationOf(response))
        .raw("error", errorOf(response))
        .raw("incomplete_details", incompleteDetails(response))
        .raw("instructions", echo.instructions)
        .raw("max_output_tokens", echo.maxOutputTokens)
        .raw("max_tool_calls", echo.maxToolCalls)
        .raw("model", echo.model)
        .raw("output", hasOutput ? renderItems(response.output, includes) : "[]")
        .raw("parallel_tool_calls", echo.parallelToolCalls)
        .raw("previous_response_id", idOrNull(response.previousId))
        .raw("prompt_cache_key", echo.promptCacheKey)
        .raw("reasoning", echo.reasoning)
        .raw("safety_identifier", echo.safetyIdentifier)
        .raw("service_tier", echo.serviceTier)
        .raw("temperature", echo.temperature)
        .raw("text", echo.text)
        .raw("tool_choice", echo.toolChoice)
        .raw("tools", echo.tools)
        .raw("top_logprobs", echo.topLogprobs)
        .raw("top_p", echo.topP)
        .raw("truncation", echo.truncation)
        .raw("metadata", echo.metadata);
    // The published types let these two be absent, but not null.
    if (hasUsage(response)) {
        object.raw("usage", usageJson(response));
    }
    if (!echo.user.empty()) {
        object.raw("user", echo.user);
    }
    return object.take();
}

std::string renderRecord(const Response& response) {
    const auto orNull = [](std::int64_t ms) { return ms == 0 ? "null" : std::to_string(ms); };
    return ObjectText()
        .raw("kind", "\"response\"")
        .string("id", response.id)
        .string("thread", response.conversationId)
        .boolean("thread_exists", response.conversation != nullptr)
        .string("previous", response.previousId)
        .string("job", response.job)
        .string("question", response.script.question)
        .number("rounds", response.round)
        .string("status", statusWord(response))
        .boolean("background", response.isBackground)
        .boolean("deleted", response.isDeleted)
        .raw("metadata", response.echo.metadata)
        .number("created_ms", response.createdMs)
        .raw("final_at_ms", orNull(response.finalMs))
        .raw("first_seen_final_ms", orNull(response.firstSeenFinalMs))
        .take();
}

std::string renderConversation(const Conversation& conversation) {
    return ObjectText()
        .string("id", conversation.id)
        .raw("object", "\"conversation\"")
        .number("created_at", conversation.createdMs / 1000)
        .raw("metadata", conversation.metadata)
        .take();
}

ResponseEcho readResponseEcho(const json_t* body) {
    ResponseEcho echo;
    echo.model = given(body, "model", "null");
    echo.instructions = given(body, "instructions", "null");
    echo.maxOutputTokens = given(body, "max_output_tokens", "null");
    echo.maxToolCalls = given(body, "max_tool_calls", "null");
    echo.metadata = given(body, "metadata", "{}");
    echo.parallelToolCalls = given(body, "parallel_tool_calls", "true");
    echo.promptCacheKey = given(body, "prompt_cache_key", "null");
    echo.reasoning = reasoningEcho(body);
    echo.safetyIdentifier = given(body, "safety_identifier", "null");
    echo.serviceTier = given(body, "service_tier", "\"auto\"");
    echo.temperature = given(body, "temperature", "1.0");
    echo.text = textEcho(body);
    echo.toolChoice = given(body, "tool_choice", "\"auto\"");
    echo.tools = given(body, "tools", "[]");
    echo.topLogprobs = given(body, "top_logprobs", "0");
    echo.topP = given(body, "top_p", "1.0");
    echo.truncation = given(body, "truncation", "\"disabled\"");
    echo.user = given(body, "user", "");
    return echo;
}

}  // namespace emulator
