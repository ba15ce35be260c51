#include "edgerun/run/chat_request.h"

#include "edgerun/run/chat_work.h"
#include "edgerun/run/definition_json.h"
#include "edgerun/text/json.h"

namespace edgerun::run {
namespace {

/// A JSON array, element by element.
class List {
public:
    void add(std::string_view json) {
        text_ += text_.size() > 1 ? "," : "";
        text_ += json;
    }
    std::string take() { return std::move(text_ += ']'); }

private:
    std::string text_ = "[";
};

std::string saying(std::string_view role, std::string_view content) {
    std::string json;
    text::JsonObjectWriter writer(json);
    writer.string("role", role);
    writer.string("content", content);
    writer.finish();
    return json;
}

/// Some servers parse the arguments of past calls, and refuse all if they cannot. What the model
/// wrote wrongly it was told as that call's output.
std::string functionOf(const FunctionCall& call) {
    std::string json;
    text::JsonObjectWriter writer(json);
    writer.string("name", call.name);
    writer.string("arguments", hasObjectAsArguments(call) ? call.arguments : "{}");
    writer.finish();
    return json;
}

std::string callsOf(const ToolRound& round) {
    List list;
    for (const FunctionCall& call : round.calls) {
        std::string json;
        text::JsonObjectWriter writer(json);
        writer.string("id", call.id);
        writer.string("type", "function");
        writer.raw("function", functionOf(call));
        writer.finish();
        list.add(json);
    }
    return list.take();
}

std::string calling(const ChatMessage& message) {
    std::string json;
    text::JsonObjectWriter writer(json);
    writer.string("role", "assistant");
    if (message.text.empty()) {
        writer.raw("content", "null");
    } else {
        writer.string("content", message.text);
    }
    writer.raw("tool_calls", callsOf(message.round));
    writer.finish();
    return json;
}

std::string outputOf(const FunctionCall& call) {
    std::string json;
    text::JsonObjectWriter writer(json);
    writer.string("role", "tool");
    writer.string("tool_call_id", call.id);
    writer.string("content", call.output.value_or(""));
    writer.finish();
    return json;
}

std::string messagesFor(const Context& context, const Work& work) {
    List list;
    if (context.assistant != nullptr && !context.assistant->instructions.empty()) {
        list.add(saying("system", context.assistant->instructions));
    }
    const json_t* history = historyOf(work);
    for (std::size_t i = 0; i < json_array_size(history); ++i) {
        list.add(text::dumpJson(json_array_get(history, i)));
    }
    list.add(saying("user", context.request.query));
    for (const ChatMessage& message : messagesOf(work)) {
        list.add(calling(message));
        for (const FunctionCall& call : message.round.calls) {
            list.add(outputOf(call));
        }
    }
    return list.take();
}

/// "auto", which Assistants know, is what comes of saying nothing.
bool isResponseFormat(std::string_view json) {
    return !json.empty() && json.front() == '{';
}

void describe(text::JsonObjectWriter& writer, const Assistant& assistant) {
    if (!assistant.functions.empty()) {
        writer.raw("tools", nestedTools(assistant));
    }
    if (isResponseFormat(assistant.responseFormat)) {
        writer.raw("response_format", assistant.responseFormat);
    }
    if (!assistant.temperature.empty()) {
        writer.raw("temperature", assistant.temperature);
    }
}

}  // namespace

std::string chatRequest(const Context& context, const Work& work) {
    std::string json;
    text::JsonObjectWriter writer(json);
    // Servers of one model need no name.
    if (const std::string_view model = modelOf(context); !model.empty()) {
        writer.string("model", model);
    }
    writer.raw("messages", messagesFor(context, work));
    if (context.assistant != nullptr) {
        describe(writer, *context.assistant);
    }
    writer.finish();
    return json;
}

}  // namespace edgerun::run
