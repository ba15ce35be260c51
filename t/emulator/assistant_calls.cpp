#include "assistant_calls.h"

#include "fields.h"
#include "list_page.h"
#include "render.h"
#include "thread_shapes.h"
#include "tool_schema.h"

namespace emulator {

namespace {

using Refusal = std::optional<ApiError>;

constexpr double kMostTools = 128;
constexpr std::int64_t kConfiguredMs = 1'700'000'000'000;

constexpr Field kAssistantFields[] = {
    text("model"),
    text("name", 256),
    text("description", 512),
    text("instructions"),
    listOf("tools", nullptr, kMostTools),
    objectOf("tool_resources", &kToolResourcesShape),
    field("metadata", FieldKind::kMetadata),
    ranged("temperature", FieldKind::kNumber, 0, 2),
    ranged("top_p", FieldKind::kNumber, 0, 1),
    field("response_format", FieldKind::kStringOrObject),
    oneOf("reasoning_effort", kReasoningEfforts),
};

template <std::size_t N>
struct FieldArray {
    Field fields[N];
};

// The same members, of which a new assistant needs its model.
template <std::size_t N>
constexpr FieldArray<N> withModelRequired(const Field (&fields)[N]) {
    FieldArray<N> copy{};
    for (std::size_t i = 0; i < N; ++i) {
        copy.fields[i] = fields[i];
    }
    copy.fields[0] = required(fields[0]);
    return copy;
}
constexpr auto kNewAssistantFields = withModelRequired(kAssistantFields);

Refusal checkAssistant(const json_t* body) {
    if (auto error = checkTools(json_object_get(body, "tools"), ToolKinds::kAll)) {
        return error;
    }
    return checkResponseFormat(json_object_get(body, "response_format"), true);
}

// Those of the command line are there before any other.
void addConfigured(World& world, const Settings& settings) {
    for (const std::string& id : settings.assistants) {
        if (world.findAssistant(id) == nullptr) {
            Assistant& assistant = world.addAssistant(id);
            assistant.createdMs = kConfiguredMs;
            assistant.members = parseJson(R"({"name":"Emulator","model":"gpt-4o"})");
            assistant.json = renderAssistant(assistant);
        }
    }
}

std::variant<Assistant*, ApiError> assistantOf(CallContext& context) {
    const std::string& id = context.ids[0];
    if (id.compare(0, 5, "asst_") != 0) {
        return refusal::malformedId("assistant_id", id, "asst");
    }
    Assistant* assistant = findAssistant(context.world, context.settings, id);
    if (assistant == nullptr) {
        return refusal::notFound("assistant", id);
    }
    return assistant;
}

CallResult objectReply(std::string json) {
    Reply reply;
    reply.body = std::move(json);
    return reply;
}

}  // namespace

const Shape kCreateAssistantShape = shapeOf(kNewAssistantFields.fields);
const Shape kUpdateAssistantShape = shapeOf(kAssistantFields);

Assistant* findAssistant(World& world, const Settings& settings, const std::string& id) {
    addConfigured(world, settings);
    Assistant* assistant = world.findAssistant(id);
    return assistant == nullptr || assistant->isDeleted ? nullptr : assistant;
}

CallResult createAssistant(CallContext& context) {
    if (auto error = checkAssistant(context.body.get())) {
        return std::move(*error);
    }
    addConfigured(context.world, context.settings);
    Assistant& assistant = context.world.addAssistant(context.world.newId("asst_"));
    assistant.createdMs = context.nowMs;
    assistant.members = std::move(context.body);
    assistant.json = renderAssistant(assistant);
    return objectReply(assistant.json);
}

CallResult listAssistants(CallContext& context) {
    auto query = readListQuery(context.query);
    if (auto* error = std::get_if<ApiError>(&query)) {
        return std::move(*error);
    }
    addConfigured(context.world, context.settings);
    std::vector<ListItem> items;
    for (const auto& assistant : context.world.assistants()) {
        if (!assistant->isDeleted) {
            items.push_back({assistant->id, assistant->json});
        }
    }
    return renderPage(items, std::get<ListQuery>(query), "assistant");
}

CallResult getAssistant(CallContext& context) {
    auto found = assistantOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    return objectReply(std::get<Assistant*>(found)->json);
}

CallResult updateAssistant(CallContext& context) {
    auto found = assistantOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    if (auto error = checkAssistant(context.body.get())) {
        return std::move(*error);
    }
    Assistant& assistant = *std::get<Assistant*>(found);
    json_object_update(assistant.members.get(), context.body.get());
    assistant.json = renderAssistant(assistant);
    return objectReply(assistant.json);
}

CallResult deleteAssistant(CallContext& context) {
    auto found = assistantOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    Assistant& assistant = *std::get<Assistant*>(found);
    assistant.isDeleted = true;
    return objectReply(renderDeleted(assistant.id, "assistant.deleted"));
}

}  // namespace emulator
