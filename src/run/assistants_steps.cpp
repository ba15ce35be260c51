#include "edgerun/run/assistants_replies.h"
#include "edgerun/run/reply_json.h"
#include "edgerun/run/steps.h"
#include "edgerun/text/json.h"

/// The steps of a run of Assistants v2.
namespace edgerun::run {
namespace {

constexpr std::size_t kDepth = 64;
constexpr std::size_t kValues = 200'000;

std::string_view member(const json_t* object, const char* name) {
    return text::stringMember(object, name).value_or("");
}

void addCode(const Work& work, std::string_view id, const json_t* code) {
    std::vector<std::string_view> logs;
    std::vector<std::string_view> images;
    const json_t* outputs = json_object_get(code, "outputs");
    for (std::size_t i = 0; i < json_array_size(outputs); ++i) {
        const json_t* output = json_array_get(outputs, i);
        if (const auto text = text::stringMember(output, "logs")) {
            logs.push_back(*text);
        } else if (const auto file =
                       text::stringMember(json_object_get(output, "image"), "file_id")) {
            images.push_back(*file);
        }
    }
    addCodeStep(work, id, member(code, "input"), logs, images);
}

void addSearch(const Work& work, std::string_view id, const json_t* search) {
    std::vector<FoundFile> files;
    const json_t* results = json_object_get(search, "results");
    for (std::size_t i = 0; i < json_array_size(results); ++i) {
        const json_t* result = json_array_get(results, i);
        files.push_back({member(result, "file_id"), member(result, "file_name"),
                         json_number_value(json_object_get(result, "score"))});
    }
    addSearchStep(work, id, files);
}

void addFunction(const Work& work, std::string_view id, const json_t* function) {
    FunctionCall call{std::string(id), std::string(member(function, "name")),
                      std::string(member(function, "arguments")), std::nullopt};
    if (const auto output = text::stringMember(function, "output")) {
        call.output = std::string(*output);
    }
    addFunctionStep(work, call);
}

void addToolCall(const Work& work, const json_t* call) {
    const std::string_view id = member(call, "id");
    const std::string_view type = member(call, "type");
    if (type == "code_interpreter") {
        addCode(work, id, json_object_get(call, "code_interpreter"));
    } else if (type == "file_search") {
        addSearch(work, id, json_object_get(call, "file_search"));
    } else if (type == "function") {
        addFunction(work, id, json_object_get(call, "function"));
    }
}

}  // namespace

bool readSteps(std::string_view body, const Work& work) {
    const text::JsonPtr list = parseReply(body, {body.size(), kDepth, kValues});
    const json_t* data = json_object_get(list.get(), "data");
    if (!json_is_array(data)) {
        return false;
    }
    for (std::size_t i = 0; i < json_array_size(data); ++i) {
        const json_t* details = json_object_get(json_array_get(data, i), "step_details");
        if (const json_t* message = json_object_get(details, "message_creation")) {
            addMessageStep(work, member(message, "message_id"));
        }
        const json_t* calls = json_object_get(details, "tool_calls");
        for (std::size_t k = 0; k < json_array_size(calls); ++k) {
            addToolCall(work, json_array_get(calls, k));
        }
    }
    return true;
}

}  // namespace edgerun::run
