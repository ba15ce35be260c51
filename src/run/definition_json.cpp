#include "edgerun/run/definition_json.h"

#include "edgerun/text/json.h"

namespace edgerun::run {
namespace {

constexpr std::size_t kMetadataPairs = 16;  // as the API takes them
constexpr std::size_t kMetadataBytes = 64 * 1024;
constexpr std::size_t kDepth = 128;  // of a JSON schema

text::JsonPtr parse(std::string_view text) {
    return text::parseJson(text, {text.size(), kDepth});
}

void add(std::string& list, std::string_view tool) {
    list += list.size() > 1 ? "," : "";
    list += tool;
}

/// "strict" is never left out: without it the provider takes the schema for a strict one.
std::string flatFunction(const Function& function) {
    const text::JsonPtr tool = parse(function.definition);
    json_object_set_new(tool.get(), "type", json_string("function"));
    if (json_object_get(tool.get(), "strict") == nullptr) {
        json_object_set_new(tool.get(), "strict", json_false());
    }
    if (json_object_get(tool.get(), "parameters") == nullptr) {
        json_object_set_new(tool.get(), "parameters",
                            json_pack("{s:s, s:{}}", "type", "object", "properties"));
    }
    return text::dumpJson(tool.get());
}

std::string fileSearch(const Assistant& assistant) {
    return R"({"type":"file_search","vector_store_ids":)" +
           text::jsonArrayOf(assistant.vectorStores) + '}';
}

}  // namespace

std::string jobTag(std::string_view jobId) {
    std::string json;
    text::JsonObjectWriter writer(json);
    writer.string(kJobKey, jobId);
    writer.finish();
    return json;
}

std::string threadBody(const Context& context) {
    std::string json;
    text::JsonObjectWriter writer(json);
    writer.raw("metadata", jobTag(context.jobId));
    writer.finish();
    return json;
}

std::string runMetadata(const Context& context) {
    const text::JsonPtr pairs = text::parseJson(context.request.metadata, {kMetadataBytes});
    json_t* object = pairs.get();
    const bool isMarked =
        json_is_object(object) &&
        json_object_set_new(object, kJobKey,
                            json_stringn(context.jobId.data(), context.jobId.size())) == 0;
    return isMarked && json_object_size(object) <= kMetadataPairs ? text::dumpJson(object)
                                                                  : jobTag(context.jobId);
}

std::string_view modelOf(const Context& context) {
    const bool hasOwn = context.assistant != nullptr && !context.assistant->model.empty();
    return hasOwn ? context.assistant->model : context.settings.model;
}

std::string nestedTools(const Assistant& assistant) {
    std::string list = "[";
    if (assistant.hasCodeInterpreter) {
        add(list, R"({"type":"code_interpreter"})");
    }
    if (!assistant.vectorStores.empty()) {
        add(list, R"({"type":"file_search"})");
    }
    for (const Function& function : assistant.functions) {
        add(list, R"({"type":"function","function":)" + function.definition + "}");
    }
    return list + "]";
}

std::string flatTools(const Assistant& assistant) {
    std::string list = "[";
    if (assistant.hasCodeInterpreter) {
        add(list, R"({"type":"code_interpreter","container":{"type":"auto"}})");
    }
    if (!assistant.vectorStores.empty()) {
        add(list, fileSearch(assistant));
    }
    for (const Function& function : assistant.functions) {
        add(list, flatFunction(function));
    }
    return list + "]";
}

/// {"type":"json_schema","json_schema":{"name",...}} becomes {"type":"json_schema","name",...}.
std::string textFormat(std::string_view responseFormat) {
    const text::JsonPtr format = parse(responseFormat);
    if (!json_is_object(format.get())) {
        return {};
    }
    const text::JsonPtr schema(json_incref(json_object_get(format.get(), "json_schema")));
    if (json_is_object(schema.get())) {
        json_object_del(format.get(), "json_schema");
        json_object_update_missing(format.get(), schema.get());
    }
    return text::dumpJson(format.get());
}

}  // namespace edgerun::run
