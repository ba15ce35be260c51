#include "item_schema.h"

#include <algorithm>
#include <iterator>

#include "fields.h"
#include "json_text.h"

namespace emulator {

namespace {

using Refusal = std::optional<ApiError>;

constexpr double kMostOutput = 10485760;
constexpr double kMostCallId = 64;
constexpr double kMostAnswer = 1e9;

constexpr const char* kItemStatuses = "'in_progress', 'completed', and 'incomplete'";

constexpr Field kMessageFields[] = {
    oneOf("type", "'message'"),
    text("id"),
    required(oneOf("role", "'assistant', 'system', 'developer', and 'user'")),
    required(field("content", FieldKind::kAny)),
    oneOf("status", kItemStatuses),
    oneOf("phase", "'commentary' and 'final_answer'"),
};

constexpr Field kFunctionCallFields[] = {
    required(oneOf("type", "'function_call'")),
    text("id"),
    required(text("call_id", kMostCallId)),
    required(text("name")),
    required(text("arguments", kMostOutput)),
    oneOf("status", kItemStatuses),
    text("namespace"),
};

constexpr Field kFunctionCallOutputFields[] = {
    required(oneOf("type", "'function_call_output'")),
    text("id"),
    required(text("call_id", kMostCallId)),
    required(field("output", FieldKind::kAny)),
    oneOf("status", kItemStatuses),
};

constexpr Field kReferenceFields[] = {
    oneOf("type", "'item_reference'"),
    required(text("id")),
};

constexpr Field kReasoningFields[] = {
    required(oneOf("type", "'reasoning'")),         required(text("id")),
    required(listOf("summary", nullptr, kNoLimit)), listOf("content", nullptr, kNoLimit),
    text("encrypted_content", kMostAnswer),         oneOf("status", kItemStatuses),
};

constexpr Field kFileSearchFields[] = {
    required(oneOf("type", "'file_search_call'")),
    required(text("id")),
    required(text("status")),
    required(listOf("queries", nullptr, kNoLimit)),
    listOf("results", nullptr, kNoLimit),
};

constexpr Field kCodeInterpreterFields[] = {
    required(oneOf("type", "'code_interpreter_call'")),
    required(text("id")),
    required(text("status")),
    required(text("container_id")),
    text("code", kMostAnswer),
    listOf("outputs", nullptr, kNoLimit),
};

struct ItemShape {
    std::string_view type;
    Shape shape;
    std::string_view idPrefix;  // empty: any
};
constexpr ItemShape kItemShapes[] = {
    {"message", shapeOf(kMessageFields), "msg"},
    {"function_call", shapeOf(kFunctionCallFields), "fc"},
    {"function_call_output", shapeOf(kFunctionCallOutputFields), ""},
    {"item_reference", shapeOf(kReferenceFields), ""},
    {"reasoning", shapeOf(kReasoningFields), "rs"},
    {"file_search_call", shapeOf(kFileSearchFields), "fs"},
    {"code_interpreter_call", shapeOf(kCodeInterpreterFields), "ci"},
};
constexpr std::string_view kItemTypes =
    "'code_interpreter_call', 'file_search_call', 'function_call', 'function_call_output', "
    "'item_reference', 'message', and 'reasoning'";

constexpr Field kInputTextFields[] = {
    required(oneOf("type", "'input_text'")),
    required(text("text", kMostOutput)),
};
constexpr Field kInputImageFields[] = {
    required(oneOf("type", "'input_image'")),
    text("image_url", kMostAnswer),
    text("file_id"),
    oneOf("detail", "'low', 'high', 'auto', and 'original'"),
};
constexpr Field kInputFileFields[] = {
    required(oneOf("type", "'input_file'")), text("file_id"),
    text("file_url", kMostAnswer),           text("filename"),
    text("file_data", kMostAnswer),          oneOf("detail", "'low' and 'high'"),
};
constexpr Field kOutputTextFields[] = {
    required(oneOf("type", "'output_text'")),
    required(text("text", kMostAnswer)),
    listOf("annotations", nullptr, kNoLimit),
    listOf("logprobs", nullptr, kNoLimit),
};
constexpr Field kRefusalFields[] = {
    required(oneOf("type", "'refusal'")),
    required(text("refusal")),
};

struct PartShape {
    std::string_view type;
    Shape shape;
    bool isOfAssistant;
};
constexpr PartShape kPartShapes[] = {
    {"input_text", shapeOf(kInputTextFields), false},
    {"input_image", shapeOf(kInputImageFields), false},
    {"input_file", shapeOf(kInputFileFields), false},
    {"output_text", shapeOf(kOutputTextFields), true},
    {"refusal", shapeOf(kRefusalFields), true},
};

constexpr std::string_view kIncludes[] = {
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
};

std::string indexed(const std::string& name, std::size_t index) {
    return name + "[" + std::to_string(index) + "]";
}

Refusal checkPart(const json_t* part, const std::string& name, bool isOfAssistant) {
    if (!json_is_object(part)) {
        return refusal::wrongType(name, "an object", typeWords(part));
    }
    const std::string_view type = stringOf(part, "type");
    for (const PartShape& candidate : kPartShapes) {
        if (candidate.type == type && candidate.isOfAssistant == isOfAssistant) {
            return checkShape(part, candidate.shape, name + ".");
        }
    }
    return refusal::unsupportedValue(name + ".type", type,
                                     isOfAssistant ? "'output_text' and 'refusal'"
                                                   : "'input_text', 'input_image', and "
                                                     "'input_file'");
}

// The content of a message or the output of a function.
Refusal checkParts(const json_t* value, const std::string& name, bool isOfAssistant) {
    if (json_is_string(value)) {
        const std::size_t length =
            codePoints({json_string_value(value), json_string_length(value)});
        const auto most = static_cast<std::size_t>(kMostOutput);
        return length > most ? Refusal(refusal::tooLong(name, most, length)) : std::nullopt;
    }
    if (!json_is_array(value)) {
        return refusal::wrongType(name, "one of an array of objects or string", typeWords(value));
    }
    for (std::size_t i = 0; i < json_array_size(value); ++i) {
        if (auto error = checkPart(json_array_get(value, i), indexed(name, i), isOfAssistant)) {
            return error;
        }
    }
    return std::nullopt;
}

// A message and a reference may leave their type out.
std::string_view typeOf(const json_t* item) {
    const std::string_view type = stringOf(item, "type");
    if (!type.empty()) {
        return type;
    }
    return json_object_get(item, "role") != nullptr ? "message" : "item_reference";
}

Refusal checkItem(const json_t* item, const std::string& name) {
    if (!json_is_object(item)) {
        return refusal::wrongType(name, "an object", typeWords(item));
    }
    const std::string_view type = typeOf(item);
    const auto* known =
        std::find_if(std::begin(kItemShapes), std::end(kItemShapes),
                     [type](const ItemShape& candidate) { return candidate.type == type; });
    if (known == std::end(kItemShapes)) {
        return refusal::unsupportedValue(name + ".type", type, kItemTypes);
    }
    if (auto error = checkShape(item, known->shape, name + ".")) {
        return error;
    }
    const std::string_view id = stringOf(item, "id");
    if (!id.empty() && id.substr(0, known->idPrefix.size()) != known->idPrefix) {
        return refusal::malformedId(name + ".id", id, known->idPrefix);
    }
    if (type == "message") {
        return checkParts(json_object_get(item, "content"), name + ".content",
                          stringOf(item, "role") == "assistant");
    }
    return type == "function_call_output"
               ? checkParts(json_object_get(item, "output"), name + ".output", false)
               : std::nullopt;
}

Refusal checkIncluded(std::string_view value, std::size_t index) {
    if (std::find(std::begin(kIncludes), std::end(kIncludes), value) != std::end(kIncludes)) {
        return std::nullopt;
    }
    std::string supported;
    for (const std::string_view known : kIncludes) {
        supported += supported.empty() ? "'" : ", '";
        supported += std::string(known) + "'";
    }
    return refusal::unsupportedValue(indexed("include", index), value, supported);
}

}  // namespace

std::optional<ApiError> checkInputItems(const json_t* items, const std::string& name) {
    for (std::size_t i = 0; i < json_array_size(items); ++i) {
        if (auto error = checkItem(json_array_get(items, i), indexed(name, i))) {
            return error;
        }
    }
    return std::nullopt;
}

std::optional<ApiError> checkInclude(const json_t* values) {
    for (std::size_t i = 0; i < json_array_size(values); ++i) {
        const json_t* value = json_array_get(values, i);
        if (!json_is_string(value)) {
            return refusal::wrongType(indexed("include", i), "a string", typeWords(value));
        }
        if (auto error = checkIncluded(json_string_value(value), i)) {
            return error;
        }
    }
    return std::nullopt;
}

std::optional<ApiError> checkInclude(const Pairs& query) {
    std::size_t index = 0;
    for (const auto& [name, value] : query) {
        if (name != "include[]") {
            continue;
        }
        if (auto error = checkIncluded(value, index++)) {
            return error;
        }
    }
    return std::nullopt;
}

}  // namespace emulator
