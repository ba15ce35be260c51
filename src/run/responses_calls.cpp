#include "edgerun/run/responses_calls.h"

#include <algorithm>

#include "edgerun/run/definition_json.h"
#include "edgerun/run/responses_work.h"
#include "edgerun/text/json.h"

namespace edgerun::run {
namespace {

// The polls do not know which tools the assistant has; what does not apply, does not matter.
constexpr std::string_view kInclude =
    "?include%5B%5D=code_interpreter_call.outputs&include%5B%5D=file_search_call.results";

// A run may write dozens of items, and its input stands before them.
constexpr std::string_view kLookUpPage = "/items?limit=100&order=desc";
constexpr std::string_view kNewestItem = "/items?limit=1&order=desc";

constexpr std::string_view kCancelled = "cancelled";

std::string conversationPath(const Record& record) {
    return std::string("/conversations/").append(record.threadId.view());
}

std::string responsePath(std::string_view id) {
    return std::string("/responses/").append(id);
}

std::string messageItem(std::string_view query) {
    std::string json;
    json.reserve(query.size() + 128);
    text::JsonObjectWriter writer(json);
    writer.string("type", "message");
    writer.string("role", "user");
    writer.string("content", query);
    writer.finish();
    return "[" + json + "]";
}

/// What has no output, nobody will call any more.
std::string outputItems(const ToolRound& round, std::size_t most) {
    std::string list = "[";
    for (std::size_t i = 0; i < std::min(round.calls.size(), most); ++i) {
        const FunctionCall& call = round.calls[i];
        list += i > 0 ? "," : "";
        text::JsonObjectWriter writer(list);
        writer.string("type", "function_call_output");
        writer.string("call_id", call.id);
        writer.string("output", call.output ? std::string_view(*call.output) : kCancelled);
        writer.finish();
    }
    return list + "]";
}

std::string inputOf(const Context& context, const Record& record, const Work& work) {
    return record.toolRounds > 0 ? outputItems(roundOf(work), kMostCalls)
                                 : messageItem(context.request.query);
}

/// The response of the round before, or of the job before in edgerun's own thread.
std::string_view previousOf(const Record& record, const Work& work) {
    return record.toolRounds > 0 ? record.runId.view() : lastResponseOf(work);
}

void writeContext(text::JsonObjectWriter& writer, const Context& context, const Record& record,
                  const Work& work) {
    if (isInConversation(context, record)) {
        return writer.string("conversation", record.threadId.view());
    }
    const std::string_view previous = previousOf(record, work);
    if (!previous.empty()) {
        writer.string("previous_response_id", previous);
    }
}

/// So that an answer which comes at once has what polls ask for.
std::string includesOf(const Assistant& assistant) {
    std::string list = "[";
    if (assistant.hasCodeInterpreter) {
        list += R"("code_interpreter_call.outputs")";
    }
    if (!assistant.vectorStores.empty()) {
        list += list.size() > 1 ? "," : "";
        list += R"("file_search_call.results")";
    }
    return list + "]";
}

/// With every response anew: none of it is carried over.
void writeDefinition(text::JsonObjectWriter& writer, const Assistant& assistant) {
    if (!assistant.instructions.empty()) {
        writer.string("instructions", assistant.instructions);
    }
    if (const std::string tools = flatTools(assistant); tools != "[]") {
        writer.raw("tools", tools);
    }
    if (const std::string includes = includesOf(assistant); includes != "[]") {
        writer.raw("include", includes);
    }
    if (!assistant.temperature.empty()) {
        writer.raw("temperature", assistant.temperature);
    }
    if (const std::string format = textFormat(assistant.responseFormat); !format.empty()) {
        writer.raw("text", R"({"format":)" + format + "}");
    }
}

std::string runBody(const Context& context, const Record& record, const Work& work) {
    std::string json;
    text::JsonObjectWriter writer(json);
    writer.string("model", modelOf(context));
    writer.raw("input", inputOf(context, record, work));
    writeContext(writer, context, record, work);
    if (!record.isForeground) {
        writer.boolean("background", true);
    }
    // Said, for some projects keep what is in background for minutes only, unless it is.
    writer.boolean("store", true);
    if (context.assistant != nullptr) {
        writeDefinition(writer, *context.assistant);
    }
    writer.raw("metadata", runMetadata(context));
    writer.finish();
    return json;
}

std::string closingBody(const Work& work) {
    std::string json;
    text::JsonObjectWriter writer(json);
    writer.raw("items", outputItems(roundOf(work), kMostNewItems));
    writer.finish();
    return json;
}

std::string leftoverPath(const Record& record, const Work& work) {
    const std::vector<std::string> ids = responsesOf(work, record);
    return responsePath(ids.empty() ? record.runId.view() : std::string_view(ids.front()));
}

}  // namespace

bool isInConversation(const Context& context, const Record& record) {
    return context.settings.hasConversations && !record.threadId.empty();
}

Call responsesCall(const Context& context, const Record& record, const Work& work) {
    switch (record.phase) {
        case Phase::CreateThread:
            return {Method::Post, "/conversations", threadBody(context)};
        case Phase::FindMessage:
            return {Method::Get, conversationPath(record).append(kNewestItem), ""};
        case Phase::CreateRun:
            return {Method::Post, "/responses", runBody(context, record, work)};
        case Phase::FindRun:
        case Phase::FindLostRun:
            return {Method::Get, conversationPath(record).append(kLookUpPage), ""};
        case Phase::PollRun:
            return {Method::Get, responsePath(record.runId.view()).append(kInclude), ""};
        case Phase::CancelRun:
            return {Method::Post, responsePath(record.runId.view()).append("/cancel"), ""};
        case Phase::SubmitOutputs:
            return {Method::Post, conversationPath(record).append("/items"), closingBody(work)};
        case Phase::DeleteRun:
            return {Method::Delete, leftoverPath(record, work), ""};
        case Phase::DeleteThread:
            return {Method::Delete, conversationPath(record), ""};
        case Phase::AddMessage:
        case Phase::ListMessages:
        case Phase::ListSteps:
        case Phase::FindAssistant:
        case Phase::CreateAssistant:
        case Phase::UpdateAssistant:
        case Phase::CallTools:
        case Phase::AwaitOutputs:
        case Phase::Done:
            break;  // phases without a call, or of other dialects
    }
    return {};
}

}  // namespace edgerun::run
