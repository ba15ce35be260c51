#include "response_schema.h"

#include "fields.h"
#include "flat_tool_schema.h"
#include "item_schema.h"
#include "json_text.h"
#include "response_refusal.h"

namespace emulator {

namespace {

using Refusal = std::optional<ApiError>;

constexpr double kMostTools = 128;
constexpr double kMostItems = 20;  // at once, in a conversation

constexpr Field kReasoningFields[] = {
    oneOf("effort", "'none', 'minimal', 'low', 'medium', 'high', 'xhigh', and 'max'"),
    oneOf("summary", "'auto', 'concise', and 'detailed'"),
    oneOf("generate_summary", "'auto', 'concise', and 'detailed'"),
    oneOf("context", "'auto', 'current_turn', and 'all_turns'"),
    text("mode"),
};
constexpr Shape kReasoningShape = shapeOf(kReasoningFields);

constexpr Field kTextFields[] = {
    field("format", FieldKind::kObject),
    oneOf("verbosity", "'low', 'medium', and 'high'"),
};
constexpr Shape kTextShape = shapeOf(kTextFields);

constexpr Field kResponseFields[] = {
    required(text("model")),
    field("input", FieldKind::kAny),
    text("instructions"),
    field("background", FieldKind::kBoolean),
    field("store", FieldKind::kBoolean),
    field("stream", FieldKind::kBoolean),
    field("stream_options", FieldKind::kObject),
    field("conversation", FieldKind::kStringOrObject),
    text("previous_response_id"),
    field("prompt", FieldKind::kObject),
    listOf("tools", nullptr, kMostTools),
    field("tool_choice", FieldKind::kStringOrObject),
    field("parallel_tool_calls", FieldKind::kBoolean),
    ranged("max_tool_calls", FieldKind::kInteger, 1, kNoLimit),
    ranged("max_output_tokens", FieldKind::kInteger, 16, kNoLimit),
    field("metadata", FieldKind::kMetadata),
    objectOf("text", &kTextShape),
    objectOf("reasoning", &kReasoningShape),
    ranged("temperature", FieldKind::kNumber, 0, 2),
    ranged("top_p", FieldKind::kNumber, 0, 1),
    ranged("top_logprobs", FieldKind::kInteger, 0, 20),
    listOf("include", nullptr, kNoLimit),
    oneOf("truncation", "'auto' and 'disabled'"),
    listOf("context_management", nullptr, kNoLimit),
    oneOf("service_tier", "'auto', 'default', 'flex', 'scale', and 'priority'"),
    text("safety_identifier", 64),
    text("prompt_cache_key", 64),
    oneOf("prompt_cache_retention", "'in_memory' and '24h'"),
    text("user"),
};

constexpr Field kConversationFields[] = {
    required(text("id")),
};
constexpr Shape kConversationShape = shapeOf(kConversationFields);

constexpr Field kCreateConversationFields[] = {
    listOf("items", nullptr, kMostItems),
    field("metadata", FieldKind::kMetadata),
};
constexpr Field kUpdateConversationFields[] = {
    required(field("metadata", FieldKind::kMetadata)),
};
constexpr Field kCreateItemsFields[] = {
    required(listOf("items", nullptr, kMostItems, 1)),
};

bool isGiven(const json_t* body, const char* name) {
    const json_t* value = json_object_get(body, name);
    return value != nullptr && !json_is_null(value);
}

Refusal checkInput(const json_t* body) {
    const json_t* input = json_object_get(body, "input");
    if (isGiven(body, "input") && !json_is_string(input) && !json_is_array(input)) {
        return refusal::wrongType("input", "one of an array of objects or string",
                                  typeWords(input));
    }
    const bool isEmpty = json_array_size(input) == 0 && stringOf(input).empty();
    if (isEmpty && !isGiven(body, "conversation") && !isGiven(body, "previous_response_id")) {
        return refusal::noInput();
    }
    return checkInputItems(input, "input");
}

Refusal checkOrigin(const json_t* body) {
    if (isGiven(body, "conversation") && isGiven(body, "previous_response_id")) {
        return refusal::twoContexts();
    }
    const json_t* conversation = json_object_get(body, "conversation");
    return json_is_object(conversation)
               ? checkShape(conversation, kConversationShape, "conversation.")
               : std::nullopt;
}

Refusal checkStream(const json_t* body) {
    return json_is_true(json_object_get(body, "stream"))
               ? Refusal(refusal::unsupportedValue("stream", "true", "'false' (in this emulator)"))
               : std::nullopt;
}

}  // namespace

const Shape kCreateResponseShape = shapeOf(kResponseFields);
const Shape kCreateConversationShape = shapeOf(kCreateConversationFields);
const Shape kUpdateConversationShape = shapeOf(kUpdateConversationFields);
const Shape kCreateItemsShape = shapeOf(kCreateItemsFields);

std::optional<ApiError> checkResponseBody(const json_t* body) {
    const json_t* tools = json_object_get(body, "tools");
    if (auto error = checkInput(body)) {
        return error;
    }
    if (auto error = checkOrigin(body)) {
        return error;
    }
    if (auto error = checkFlatTools(tools)) {
        return error;
    }
    if (auto error = checkFlatToolChoice(json_object_get(body, "tool_choice"), tools)) {
        return error;
    }
    if (auto error = checkTextFormat(json_object_get(json_object_get(body, "text"), "format"))) {
        return error;
    }
    if (auto error = checkInclude(json_object_get(body, "include"))) {
        return error;
    }
    return checkStream(body);
}

}  // namespace emulator
