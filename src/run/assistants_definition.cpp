#include "edgerun/run/assistants_calls.h"
#include "edgerun/run/definition_json.h"
#include "edgerun/text/hex.h"
#include "edgerun/text/json.h"

/// What edgerun_assistant says, as POST /assistants takes it.
/// https://platform.openai.com/docs/api-reference/assistants
namespace edgerun::run {
namespace {

std::string resourcesOf(const Assistant& assistant) {
    return R"({"file_search":{"vector_store_ids":)" + text::jsonArrayOf(assistant.vectorStores) +
           "}}";
}

std::string metadataOf(const Context& context) {
    std::string json;
    text::JsonObjectWriter writer(json);
    writer.string(kAssistantKey, context.assistant->name);
    writer.string(kDefinitionKey, definitionMark(context.assistantHash));
    writer.finish();
    return json;
}

}  // namespace

std::string definitionMark(std::uint64_t hash) {
    return text::encodeHexNumber(hash);
}

/// Whole, so that an update also takes away what is no longer said.
std::string assistantBody(const Context& context) {
    const Assistant& assistant = *context.assistant;
    std::string json;
    text::JsonObjectWriter writer(json);
    writer.string("model", modelOf(context));
    writer.string("name", assistant.name);
    writer.string("instructions", assistant.instructions);
    writer.raw("tools", nestedTools(assistant));
    if (!assistant.vectorStores.empty()) {
        writer.raw("tool_resources", resourcesOf(assistant));
    }
    writer.raw("temperature", assistant.temperature.empty() ? "null" : assistant.temperature);
    writer.raw("response_format",
               assistant.responseFormat.empty() ? "\"auto\"" : assistant.responseFormat);
    writer.raw("metadata", metadataOf(context));
    writer.finish();
    return json;
}

}  // namespace edgerun::run
