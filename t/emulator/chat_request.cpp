#include "chat_request.h"

#include <algorithm>

#include "chat_messages.h"
#include "fields.h"
#include "json_text.h"
#include "tool_schema.h"

namespace emulator {

namespace {

using Refusal = std::optional<ApiError>;

constexpr double kMostTools = 128;

constexpr Field kCompletionFields[] = {
    required(text("model")),
    required(listOf("messages", nullptr, kNoLimit, 1)),
    listOf("tools", nullptr, kMostTools),
    field("tool_choice", FieldKind::kStringOrObject),
    field("parallel_tool_calls", FieldKind::kBoolean),
    field("response_format", FieldKind::kStringOrObject),
    ranged("temperature", FieldKind::kNumber, 0, 2),
    ranged("top_p", FieldKind::kNumber, 0, 1),
    ranged("frequency_penalty", FieldKind::kNumber, -2, 2),
    ranged("presence_penalty", FieldKind::kNumber, -2, 2),
    ranged("max_tokens", FieldKind::kInteger, 1, kNoLimit),
    ranged("max_completion_tokens", FieldKind::kInteger, 1, kNoLimit),
    ranged("n", FieldKind::kInteger, 1, kNoLimit),
    ranged("seed", FieldKind::kInteger, -9.3e18, 9.3e18),
    field("stop", FieldKind::kAny),
    field("stream", FieldKind::kBoolean),
    field("stream_options", FieldKind::kObject),
    field("store", FieldKind::kBoolean),
    field("metadata", FieldKind::kMetadata),
    oneOf("reasoning_effort", kReasoningEfforts),
    oneOf("verbosity", "'low', 'medium', and 'high'"),
    oneOf("service_tier", "'auto', 'default', 'flex', 'scale', and 'priority'"),
    field("logprobs", FieldKind::kBoolean),
    text("user"),
    text("safety_identifier"),
    text("prompt_cache_key"),
};

bool isGiven(const json_t* body, const char* name) {
    const json_t* value = json_object_get(body, name);
    return value != nullptr && !json_is_null(value);
}

Refusal checkUnserved(const json_t* body) {
    if (json_is_true(json_object_get(body, "stream"))) {
        return refusal::unsupportedValue("stream", "true", "'false' (in this emulator)");
    }
    if (isGiven(body, "stream_options")) {
        return ApiError{400,
                        "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                        "stream_options", ""};
    }
    const json_t* choices = json_object_get(body, "n");
    if (json_is_integer(choices) && json_integer_value(choices) != 1) {
        return refusal::unsupportedValue("n", dumpJson(choices), "1 (in this emulator)");
    }
    return std::nullopt;
}

ApiError withoutTools(const char* name) {
    std::string message = "Invalid value for '";
    message.append(name).append("': '").append(name);
    message += "' is only allowed when 'tools' are specified.";
    return {400, std::move(message), name, ""};
}

Refusal checkTogether(const json_t* body) {
    if (isGiven(body, "max_tokens") && isGiven(body, "max_completion_tokens")) {
        return ApiError{400,
                        "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not "
                        "supported.",
                        "max_tokens", "invalid_parameter_combination"};
    }
    for (const char* name : {"tool_choice", "parallel_tool_calls"}) {
        if (isGiven(body, name) && !isGiven(body, "tools")) {
            return withoutTools(name);
        }
    }
    return std::nullopt;
}

bool hasWord(const json_t* messages, std::string_view word) {
    std::string text = dumpJson(messages);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    return text.find(word) != std::string::npos;
}

// A model that nobody tells to write JSON would fill the context with blanks.
Refusal checkJsonMode(const json_t* body) {
    const json_t* format = json_object_get(body, "response_format");
    if (stringOf(format, "type") != "json_object" ||
        hasWord(json_object_get(body, "messages"), "json")) {
        return std::nullopt;
    }
    return ApiError{400,
                    "'messages' must contain the word 'json' in some form, to use "
                    "'response_format' of type 'json_object'.",
                    "messages", ""};
}

Refusal checkChatTools(const json_t* body) {
    const json_t* tools = json_object_get(body, "tools");
    if (json_is_array(tools) && json_array_size(tools) == 0) {
        return refusal::emptyArray("tools");
    }
    if (auto error = checkTools(tools, ToolKinds::kFunctions)) {
        return error;
    }
    return checkToolChoice(json_object_get(body, "tool_choice"), tools, ToolKinds::kFunctions);
}

}  // namespace

const Shape kCreateCompletionShape = shapeOf(kCompletionFields);

Refusal checkChatRequest(const json_t* body) {
    using Check = Refusal (*)(const json_t*);
    constexpr Check kChecks[] = {
        [](const json_t* b) { return checkChatMessages(json_object_get(b, "messages")); },
        checkUnserved,
        checkTogether,
        checkChatTools,
        [](const json_t* b) {
            return checkResponseFormat(json_object_get(b, "response_format"), false);
        },
        checkJsonMode,
    };
    for (const Check check : kChecks) {
        if (auto error = check(body)) {
            return error;
        }
    }
    return std::nullopt;
}

}  // namespace emulator
