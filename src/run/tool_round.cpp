#include "edgerun/run/tool_round.h"

#include <algorithm>

#include "edgerun/run/machine.h"
#include "edgerun/run/provider_id.h"

namespace edgerun::run {
namespace {

constexpr std::size_t kDepth = 128;
constexpr std::size_t kValues = 1'000'000;
constexpr std::size_t kArgumentDepth = 64;
constexpr std::size_t kNameBytes = 256;
constexpr char kCalls[] = "calls";

json_t* stringValue(std::string_view text) {
    return json_stringn(text.data(), text.size());
}

std::string textOf(const json_t* object, const char* name) {
    return std::string(text::stringMember(object, name).value_or(""));
}

json_t* valueOf(const FunctionCall& call) {
    json_t* object = json_object();
    json_object_set_new(object, "id", stringValue(call.id));
    json_object_set_new(object, "name", stringValue(call.name));
    json_object_set_new(object, "arguments", stringValue(call.arguments));
    if (call.output) {
        json_object_set_new(object, "output", stringValue(*call.output));
    }
    return object;
}

std::string waitingCalls(const ToolRound& round) {
    std::string list = "[";
    for (const FunctionCall& call : round.calls) {
        if (call.output) {
            continue;
        }
        list += list.size() > 1 ? "," : "";
        text::JsonObjectWriter writer(list);
        writer.string("id", call.id);
        writer.string("name", call.name);
        writer.string("arguments", call.arguments);
        writer.finish();
    }
    return list += ']';
}

}  // namespace

Work::Work(std::string_view text) {
    if (!text.empty()) {
        object_ = text::parseJson(text, {text.size(), kDepth, kValues});
    }
    if (!json_is_object(object_.get())) {
        object_.reset(json_object());
    }
}

void Work::set(const char* name, json_t* value) const {
    json_object_set_new(object_.get(), name, value);
}

void Work::remove(const char* name) const {
    json_object_del(object_.get(), name);
}

std::string Work::text() const {
    return isEmpty() ? std::string() : text::dumpJson(object_.get());
}

bool ToolRound::isComplete() const {
    return std::all_of(calls.begin(), calls.end(),
                       [](const FunctionCall& call) { return call.output.has_value(); });
}

FunctionCall* ToolRound::callOf(std::string_view id) {
    const auto found = std::find_if(calls.begin(), calls.end(),
                                    [&](const FunctionCall& call) { return call.id == id; });
    return found == calls.end() ? nullptr : &*found;
}

bool addCall(ToolRound& round, std::string_view id, std::string_view name,
             std::string_view arguments) {
    if (!isProviderId(id) || name.empty() || name.size() > kNameBytes ||
        round.calls.size() == kMostCalls || round.callOf(id) != nullptr) {
        return false;
    }
    std::size_t bytes = name.size() + arguments.size();
    for (const FunctionCall& call : round.calls) {
        bytes += call.name.size() + call.arguments.size();
    }
    if (bytes > kMostCallBytes) {
        return false;
    }
    // Some servers write nothing where a function takes nothing.
    round.calls.push_back({std::string(id), std::string(name),
                           std::string(arguments.empty() ? "{}" : arguments), std::nullopt});
    return true;
}

bool hasObjectAsArguments(const FunctionCall& call) {
    return json_is_object(text::parseJson(call.arguments, {kMostCallBytes, kArgumentDepth}).get());
}

ToolRound roundOf(const Work& work) {
    return roundOf(json_object_get(work.object(), kCalls));
}

ToolRound roundOf(const json_t* calls) {
    ToolRound round;
    for (std::size_t i = 0; i < json_array_size(calls); ++i) {
        const json_t* object = json_array_get(calls, i);
        FunctionCall call{textOf(object, "id"), textOf(object, "name"), textOf(object, "arguments"),
                          std::nullopt};
        if (const auto output = text::stringMember(object, "output")) {
            call.output = std::string(*output);
        }
        round.calls.push_back(std::move(call));
    }
    return round;
}

void setRound(const Work& work, const ToolRound& round) {
    json_t* list = json_array();
    for (const FunctionCall& call : round.calls) {
        json_array_append_new(list, valueOf(call));
    }
    work.set(kCalls, list);
}

std::string requiredActionOf(const ToolRound& round, std::string_view expiresAt) {
    std::string json;
    text::JsonObjectWriter writer(json);
    writer.string("type", "submit_tool_outputs");
    writer.raw("toolCalls", waitingCalls(round));
    writer.string("expiresAt", expiresAt);
    writer.finish();
    return json;
}

std::string errorOutput(std::string_view text) {
    std::string json;
    text::JsonObjectWriter writer(json);
    writer.string("error", text);
    writer.finish();
    return json;
}

bool outputsFit(std::string_view work, const ToolOutputs& outputs) {
    ToolRound round = roundOf(Work(work));
    for (const ToolOutput& output : outputs.outputs) {
        FunctionCall* call = round.callOf(output.id);
        if (call == nullptr || call->output) {
            return false;
        }
        call->output = output.output;
    }
    return !outputs.outputs.empty() && round.isComplete();
}

}  // namespace edgerun::run
