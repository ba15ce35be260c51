#include "flat_tool_schema.h"

#include <algorithm>
#include <iterator>

#include "fields.h"
#include "json_text.h"
#include "response_refusal.h"

namespace emulator {

namespace {

using Refusal = std::optional<ApiError>;

constexpr double kMostName = 64;

constexpr Field orNull(Field field) {
    field.isNullable = true;
    return field;
}

constexpr Field kFunctionFields[] = {
    required(oneOf("type", "'function'")),
    required(text("name", kMostName)),
    text("description"),
    orNull(required(field("parameters", FieldKind::kObject))),
    orNull(required(field("strict", FieldKind::kBoolean))),
};

constexpr Field kRankingFields[] = {
    oneOf("ranker", "'auto' and 'default-2024-11-15'"),
    ranged("score_threshold", FieldKind::kNumber, 0, 1),
    field("hybrid_search", FieldKind::kObject),
};
constexpr Shape kRankingShape = shapeOf(kRankingFields);

constexpr Field kFileSearchFields[] = {
    required(oneOf("type", "'file_search'")),
    required(listOf("vector_store_ids", nullptr, kNoLimit, 1)),
    ranged("max_num_results", FieldKind::kInteger, 1, 50),
    objectOf("ranking_options", &kRankingShape),
    field("filters", FieldKind::kObject),
};

constexpr Field kContainerFields[] = {
    required(oneOf("type", "'auto'")),
    listOf("file_ids", nullptr, 50),
    oneOf("memory_limit", "'1g', '4g', '16g', and '64g'"),
    field("network_policy", FieldKind::kObject),
};
constexpr Shape kContainerShape = shapeOf(kContainerFields);

constexpr Field kCodeInterpreterFields[] = {
    required(oneOf("type", "'code_interpreter'")),
    required(field("container", FieldKind::kStringOrObject)),
};

struct ToolRow {
    std::string_view type;
    const char* firstMember;  // is missed first; a nested function is told by that
    Shape shape;
};
constexpr ToolRow kTools[] = {
    {"function", "name", shapeOf(kFunctionFields)},
    {"file_search", "vector_store_ids", shapeOf(kFileSearchFields)},
    {"code_interpreter", "container", shapeOf(kCodeInterpreterFields)},
};
// Tools that the emulator does not look into.
constexpr std::string_view kOtherTools[] = {"web_search", "web_search_preview", "mcp",
                                            "image_generation", "custom"};
constexpr const char* kToolTypes =
    "'function', 'file_search', 'code_interpreter', 'web_search', 'web_search_preview', 'mcp', "
    "'image_generation', and 'custom'";

constexpr Field kPlainFormatFields[] = {
    required(oneOf("type", "'text' and 'json_object'")),
};
constexpr Field kSchemaFormatFields[] = {
    required(oneOf("type", "'json_schema'")),      required(text("name", kMostName)),
    required(field("schema", FieldKind::kObject)), text("description"),
    field("strict", FieldKind::kBoolean),
};

Refusal checkName(std::string_view value, const std::string& name) {
    const bool fits = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
        const char lower = static_cast<char>(c | 0x20);
        return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
    return fits ? std::nullopt : Refusal(refusal::unmatchedPattern(name, "^[a-zA-Z0-9_-]+$"));
}

// A strict schema names all of its properties, and allows no other.
Refusal checkStrict(const json_t* parameters, const std::string& name, std::string_view function) {
    if (!json_is_false(json_object_get(parameters, "additionalProperties"))) {
        return refusal::notStrictSchema(
            name, function, "'additionalProperties' is required to be supplied and to be false");
    }
    const json_t* required = json_object_get(parameters, "required");
    const char* key = nullptr;
    const json_t* value = nullptr;
    json_object_foreach(json_object_get(parameters, "properties"), key, value) {
        bool isRequired = false;
        for (std::size_t i = 0; i < json_array_size(required); ++i) {
            isRequired = isRequired || stringOf(json_array_get(required, i)) == key;
        }
        if (!isRequired) {
            return refusal::notStrictSchema(
                name, function,
                "'required' is required to be supplied and to be an array including every key in "
                "properties. Missing '" +
                    std::string(key) + "'");
        }
    }
    return std::nullopt;
}

Refusal checkFunction(const json_t* tool, const std::string& name) {
    const std::string_view function = stringOf(tool, "name");
    if (auto error = checkName(function, name + ".name")) {
        return error;
    }
    const json_t* parameters = json_object_get(tool, "parameters");
    const json_t* type = json_object_get(parameters, "type");
    if (json_object_size(parameters) > 0 && stringOf(type) != "object") {
        return refusal::badFunctionSchema(name + ".parameters", function,
                                          type == nullptr ? "\"None\"" : dumpJson(type));
    }
    return json_is_true(json_object_get(tool, "strict")) && json_is_object(parameters)
               ? checkStrict(parameters, name + ".parameters", function)
               : std::nullopt;
}

Refusal checkKnownTool(const json_t* tool, const ToolRow& row, const std::string& name) {
    if (json_object_get(tool, row.firstMember) == nullptr) {
        return refusal::missingParameter(name + "." + row.firstMember);
    }
    if (auto error = checkShape(tool, row.shape, name + ".")) {
        return error;
    }
    const json_t* container = json_object_get(tool, "container");
    if (json_is_object(container)) {
        return checkShape(container, kContainerShape, name + ".container.");
    }
    return row.type == "function" ? checkFunction(tool, name) : std::nullopt;
}

Refusal checkTool(const json_t* tool, const std::string& name) {
    if (!json_is_object(tool)) {
        return refusal::wrongType(name, "an object", typeWords(tool));
    }
    if (json_object_get(tool, "type") == nullptr) {
        return refusal::missingParameter(name + ".type");
    }
    const std::string_view type = stringOf(tool, "type");
    for (const ToolRow& row : kTools) {
        if (row.type == type) {
            return checkKnownTool(tool, row, name);
        }
    }
    return std::find(std::begin(kOtherTools), std::end(kOtherTools), type) != std::end(kOtherTools)
               ? std::nullopt
               : Refusal(refusal::unsupportedValue(name + ".type", type, kToolTypes));
}

bool isOffered(const json_t* tools, std::string_view type, std::string_view name) {
    for (std::size_t i = 0; i < json_array_size(tools); ++i) {
        const json_t* tool = json_array_get(tools, i);
        if (stringOf(tool, "type") == type && (name.empty() || stringOf(tool, "name") == name)) {
            return true;
        }
    }
    return false;
}

Refusal checkChoiceWord(std::string_view word, const json_t* tools) {
    if (word != "none" && word != "auto" && word != "required") {
        return refusal::unsupportedValue("tool_choice", word, "'none', 'auto', and 'required'");
    }
    return word == "required" && json_array_size(tools) == 0 ? Refusal(refusal::unofferedTool(word))
                                                             : std::nullopt;
}

}  // namespace

std::optional<ApiError> checkFlatTools(const json_t* tools) {
    for (std::size_t i = 0; i < json_array_size(tools); ++i) {
        const std::string name = "tools[" + std::to_string(i) + "]";
        if (auto error = checkTool(json_array_get(tools, i), name)) {
            return error;
        }
    }
    return std::nullopt;
}

std::optional<ApiError> checkFlatToolChoice(const json_t* choice, const json_t* tools) {
    if (json_is_string(choice)) {
        return checkChoiceWord(stringOf(choice), tools);
    }
    if (!json_is_object(choice)) {
        return std::nullopt;
    }
    const std::string_view type = stringOf(choice, "type");
    if (type.empty()) {
        return refusal::missingParameter("tool_choice.type");
    }
    if (type == "function" && stringOf(choice, "name").empty()) {
        return refusal::missingParameter("tool_choice.name");
    }
    if (type == "allowed_tools") {
        return std::nullopt;
    }
    return isOffered(tools, type, stringOf(choice, "name")) ? std::nullopt
                                                            : Refusal(refusal::unofferedTool(type));
}

std::optional<ApiError> checkTextFormat(const json_t* format) {
    if (!json_is_object(format)) {
        return std::nullopt;
    }
    const std::string_view type = stringOf(format, "type");
    if (type.empty()) {
        return refusal::missingParameter("text.format.type");
    }
    if (type == "text" || type == "json_object") {
        return checkShape(format, shapeOf(kPlainFormatFields), "text.format.");
    }
    if (type != "json_schema") {
        return refusal::unsupportedValue("text.format.type", type,
                                         "'json_object', 'json_schema', and 'text'");
    }
    if (json_object_get(format, "name") == nullptr) {
        return refusal::missingParameter("text.format.name");
    }
    if (auto error = checkShape(format, shapeOf(kSchemaFormatFields), "text.format.")) {
        return error;
    }
    return checkName(stringOf(format, "name"), "text.format.name");
}

}  // namespace emulator
