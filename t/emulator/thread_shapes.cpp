#include "thread_shapes.h"

#include "fields.h"

namespace emulator {

namespace {

constexpr double kMostOutput = 512 * 1024;

constexpr Field stringsOf(const char* name, double most) {
    return ranged(name, FieldKind::kStrings, 0, most);
}

constexpr Field kCodeResourceFields[] = {
    stringsOf("file_ids", 20),
};
constexpr Shape kCodeResourceShape = shapeOf(kCodeResourceFields);

constexpr Field kSearchResourceFields[] = {
    stringsOf("vector_store_ids", 1),
    listOf("vector_stores", nullptr, 1),
};
constexpr Shape kSearchResourceShape = shapeOf(kSearchResourceFields);

constexpr Field kToolResourcesFields[] = {
    objectOf("code_interpreter", &kCodeResourceShape),
    objectOf("file_search", &kSearchResourceShape),
};

constexpr Field kAttachmentToolFields[] = {
    required(oneOf("type", "'code_interpreter' and 'file_search'")),
};
constexpr Shape kAttachmentToolShape = shapeOf(kAttachmentToolFields);

constexpr Field kAttachmentFields[] = {
    text("file_id"),
    listOf("tools", &kAttachmentToolShape, kNoLimit),
};
constexpr Shape kAttachmentShape = shapeOf(kAttachmentFields);

constexpr Field kMessageFields[] = {
    required(oneOf("role", "'user' and 'assistant'")),
    required(field("content", FieldKind::kContent)),
    listOf("attachments", &kAttachmentShape, kNoLimit),
    field("metadata", FieldKind::kMetadata),
};

constexpr Field kThreadFields[] = {
    listOf("messages", &kCreateMessageShape, kNoLimit),
    objectOf("tool_resources", &kToolResourcesShape),
    field("metadata", FieldKind::kMetadata),
};

constexpr Field kTruncationFields[] = {
    required(oneOf("type", "'auto' and 'last_messages'")),
    ranged("last_messages", FieldKind::kInteger, 1, kNoLimit),
};
constexpr Shape kTruncationShape = shapeOf(kTruncationFields);

constexpr Field kRunFields[] = {
    required(text("assistant_id")),
    text("model"),
    oneOf("reasoning_effort", kReasoningEfforts),
    text("instructions"),
    text("additional_instructions"),
    listOf("additional_messages", &kCreateMessageShape, kNoLimit),
    listOf("tools", nullptr, 20),
    field("metadata", FieldKind::kMetadata),
    ranged("temperature", FieldKind::kNumber, 0, 2),
    ranged("top_p", FieldKind::kNumber, 0, 1),
    field("stream", FieldKind::kBoolean),
    ranged("max_prompt_tokens", FieldKind::kInteger, 256, kNoLimit),
    ranged("max_completion_tokens", FieldKind::kInteger, 256, kNoLimit),
    objectOf("truncation_strategy", &kTruncationShape),
    field("tool_choice", FieldKind::kStringOrObject),
    field("parallel_tool_calls", FieldKind::kBoolean),
    field("response_format", FieldKind::kStringOrObject),
};

constexpr Field kToolOutputFields[] = {
    required(text("tool_call_id")),
    required(text("output", kMostOutput)),
};

constexpr Shape kToolOutputShape = shapeOf(kToolOutputFields);

constexpr Field kSubmitFields[] = {
    required(listOf("tool_outputs", &kToolOutputShape, kNoLimit)),
    field("stream", FieldKind::kBoolean),
};

}  // namespace

const Shape kToolResourcesShape = shapeOf(kToolResourcesFields);
const Shape kCreateThreadShape = shapeOf(kThreadFields);
const Shape kCreateMessageShape = shapeOf(kMessageFields);
const Shape kCreateRunShape = shapeOf(kRunFields);
const Shape kSubmitToolOutputsShape = shapeOf(kSubmitFields);
const Shape kEmptyShape = {nullptr, 0};

}  // namespace emulator
