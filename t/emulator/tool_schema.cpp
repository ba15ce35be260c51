#include "tool_schema.h"

#include <algorithm>

#include "fields.h"
#include "json_text.h"

namespace emulator {

namespace {

using Refusal = std::optional<ApiError>;

constexpr double kMostName = 64;

constexpr Field kFunctionFields[] = {
    required(text("name", kMostName)),
    text("description"),
    field("parameters", FieldKind::kObject),
    field("strict", FieldKind::kBoolean),
};
constexpr Shape kFunctionShape = shapeOf(kFunctionFields);

constexpr Field kRankingFields[] = {
    oneOf("ranker", "'auto' and 'default_2024_08_21'"),
    required(ranged("score_threshold", FieldKind::kNumber, 0, 1)),
};
constexpr Shape kRankingShape = shapeOf(kRankingFields);

constexpr Field kFileSearchFields[] = {
    ranged("max_num_results", FieldKind::kInteger, 1, 50),
    objectOf("ranking_options", &kRankingShape),
};
constexpr Shape kFileSearchShape = shapeOf(kFileSearchFields);

constexpr Field kFunctionToolFields[] = {
    required(oneOf("type", "'function'")),
    required(objectOf("function", &kFunctionShape)),
};
constexpr Field kFileSearchToolFields[] = {
    required(oneOf("type", "'file_search'")),
    objectOf("file_search", &kFileSearchShape),
};
constexpr Field kCodeInterpreterToolFields[] = {
    required(oneOf("type", "'code_interpreter'")),
};

constexpr Field kChosenFunctionFields[] = {
    required(text("name", kMostName)),
};
constexpr Shape kChosenFunctionShape = shapeOf(kChosenFunctionFields);

constexpr Field kFunctionChoiceFields[] = {
    required(oneOf("type", "'function'")),
    required(objectOf("function", &kChosenFunctionShape)),
};
constexpr Field kFileSearchChoiceFields[] = {
    required(oneOf("type", "'file_search'")),
};

struct ToolRow {
    std::string_view type;
    Shape tool;
    Shape choice;
};
constexpr ToolRow kTools[] = {
    {"function", shapeOf(kFunctionToolFields), shapeOf(kFunctionChoiceFields)},
    {"code_interpreter", shapeOf(kCodeInterpreterToolFields), shapeOf(kCodeInterpreterToolFields)},
    {"file_search", shapeOf(kFileSearchToolFields), shapeOf(kFileSearchChoiceFields)},
};

constexpr Field kJsonSchemaFields[] = {
    required(text("name", kMostName)),
    text("description"),
    field("schema", FieldKind::kObject),
    field("strict", FieldKind::kBoolean),
};
constexpr Shape kJsonSchemaShape = shapeOf(kJsonSchemaFields);

constexpr Field kPlainFormatFields[] = {
    required(oneOf("type", "'text' and 'json_object'")),
};
constexpr Field kSchemaFormatFields[] = {
    required(oneOf("type", "'json_schema'")),
    required(objectOf("json_schema", &kJsonSchemaShape)),
};

Refusal checkName(std::string_view value, const std::string& name) {
    const bool fits = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
        const char lower = static_cast<char>(c | 0x20);
        return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
    return fits ? std::nullopt : Refusal(refusal::unmatchedPattern(name, "^[a-zA-Z0-9_-]+$"));
}

// The parameters of a function describe an object.
Refusal checkFunction(const json_t* function, const std::string& name) {
    const std::string_view functionName = stringOf(function, "name");
    if (auto error = checkName(functionName, name + ".name")) {
        return error;
    }
    const json_t* parameters = json_object_get(function, "parameters");
    const json_t* type = json_object_get(parameters, "type");
    if (json_object_size(parameters) == 0 || stringOf(type) == "object") {
        return std::nullopt;
    }
    return refusal::badFunctionSchema(name + ".parameters", functionName,
                                      type == nullptr ? "\"None\"" : dumpJson(type));
}

const ToolRow* findTool(const json_t* object, ToolKinds kinds) {
    const std::string_view type = stringOf(object, "type");
    for (const ToolRow& row : kTools) {
        const bool isAllowed = kinds == ToolKinds::kAll || row.type == "function";
        if (isAllowed && row.type == type) {
            return &row;
        }
    }
    return nullptr;
}

// `name` is the object's own; for a missing, wrong or foreign type of tool.
ApiError refusedType(const json_t* object, const std::string& name, ToolKinds kinds) {
    const json_t* type = json_object_get(object, "type");
    if (type == nullptr) {
        return refusal::missingParameter(name + ".type");
    }
    const char* choices = kinds == ToolKinds::kAll
                              ? "'code_interpreter', 'function', and 'file_search'"
                              : "'function'";
    return json_is_string(type) ? refusal::unsupportedValue(name + ".type", stringOf(type), choices)
                                : refusal::wrongType(name + ".type", "a string", typeWords(type));
}

Refusal checkTool(const json_t* tool, const std::string& name, ToolKinds kinds) {
    if (!json_is_object(tool)) {
        return refusal::wrongType(name, "an object", typeWords(tool));
    }
    const ToolRow* row = findTool(tool, kinds);
    if (row == nullptr) {
        return refusedType(tool, name, kinds);
    }
    if (auto error = checkShape(tool, row->tool, name + ".")) {
        return error;
    }
    const json_t* function = json_object_get(tool, "function");
    return function == nullptr ? std::nullopt : checkFunction(function, name + ".function");
}

bool isOffered(const json_t* tools, const json_t* choice) {
    const std::string_view type = stringOf(choice, "type");
    const std::string_view name = stringOf(json_object_get(choice, "function"), "name");
    for (std::size_t i = 0; i < json_array_size(tools); ++i) {
        const json_t* tool = json_array_get(tools, i);
        const json_t* function = json_object_get(tool, "function");
        if (stringOf(tool, "type") == type && stringOf(function, "name") == name) {
            return true;
        }
    }
    return false;
}

}  // namespace

Refusal checkTools(const json_t* tools, ToolKinds kinds) {
    for (std::size_t i = 0; i < json_array_size(tools); ++i) {
        const std::string name = "tools[" + std::to_string(i) + "]";
        if (auto error = checkTool(json_array_get(tools, i), name, kinds)) {
            return error;
        }
    }
    return std::nullopt;
}

Refusal checkToolChoice(const json_t* choice, const json_t* tools, ToolKinds kinds) {
    if (choice == nullptr || json_is_null(choice)) {
        return std::nullopt;
    }
    if (json_is_string(choice)) {
        const std::string_view word = stringOf(choice);
        return word == "none" || word == "auto" || word == "required"
                   ? std::nullopt
                   : Refusal(refusal::unsupportedValue("tool_choice", word,
                                                       "'none', 'auto', and 'required'"));
    }
    const ToolRow* row = findTool(choice, kinds);
    if (row == nullptr) {
        return refusedType(choice, "tool_choice", kinds);
    }
    if (auto error = checkShape(choice, row->choice, "tool_choice.")) {
        return error;
    }
    return isOffered(tools, choice) ? std::nullopt
                                    : Refusal(refusal::unofferedTool(stringOf(choice, "type")));
}

Refusal checkResponseFormat(const json_t* format, bool takesAuto) {
    constexpr const char* kTypes = "'json_object', 'json_schema', and 'text'";
    if (format == nullptr || json_is_null(format)) {
        return std::nullopt;
    }
    if (json_is_string(format)) {
        return !takesAuto ? Refusal(refusal::wrongType("response_format", "an object", "a string"))
               : stringOf(format) == "auto" ? std::nullopt
                                            : Refusal(refusal::unsupportedValue(
                                                  "response_format", stringOf(format), "'auto'"));
    }
    const json_t* type = json_object_get(format, "type");
    if (type == nullptr) {
        return refusal::missingParameter("response_format.type");
    }
    const std::string_view word = stringOf(type);
    if (word == "text" || word == "json_object") {
        return checkShape(format, shapeOf(kPlainFormatFields), "response_format.");
    }
    if (word != "json_schema") {
        return refusal::unsupportedValue("response_format.type", word, kTypes);
    }
    if (auto error = checkShape(format, shapeOf(kSchemaFormatFields), "response_format.")) {
        return error;
    }
    const json_t* schema = json_object_get(format, "json_schema");
    return checkName(stringOf(schema, "name"), "response_format.json_schema.name");
}

}  // namespace emulator
