#include "chat_messages.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <vector>

#include "fields.h"
#include "json_text.h"

namespace emulator {

namespace {

using Refusal = std::optional<ApiError>;

constexpr Field kCalledFields[] = {
    required(text("name", 64)),
    required(text("arguments", kNoLimit)),
};
constexpr Shape kCalledShape = shapeOf(kCalledFields);

constexpr Field kCallFields[] = {
    required(text("id")),
    required(oneOf("type", "'function'")),
    required(objectOf("function", &kCalledShape)),
};
constexpr Shape kCallShape = shapeOf(kCallFields);

constexpr double kMostCalls = 128;

constexpr Field kSystemFields[] = {
    required(text("role")),
    required(field("content", FieldKind::kAny)),
    text("name", 64),
};
constexpr Field kAssistantFields[] = {
    required(text("role")),
    field("content", FieldKind::kAny),
    text("refusal"),
    field("annotations", FieldKind::kAny),  // clients send an answer back as it came
    text("name", 64),
    listOf("tool_calls", &kCallShape, kMostCalls, 1),
};
constexpr Field kToolFields[] = {
    required(text("role")),
    required(field("content", FieldKind::kAny)),
    required(text("tool_call_id")),
};

struct RoleRow {
    std::string_view role;
    Shape shape;
};
constexpr RoleRow kRoles[] = {
    {"system", shapeOf(kSystemFields)}, {"developer", shapeOf(kSystemFields)},
    {"user", shapeOf(kSystemFields)},   {"assistant", shapeOf(kAssistantFields)},
    {"tool", shapeOf(kToolFields)},
};
constexpr const char* kRoleChoices = "'system', 'assistant', 'user', 'tool', and 'developer'";

constexpr Field kTextPartFields[] = {
    required(oneOf("type", "'text'")),
    required(text("text", kNoLimit)),
};
constexpr Field kRefusalPartFields[] = {
    required(oneOf("type", "'refusal'")),
    required(text("refusal")),
};
constexpr Field kImageUrlFields[] = {
    required(text("url", kNoLimit)),
    oneOf("detail", "'low', 'high', and 'auto'"),
};
constexpr Shape kImageUrlShape = shapeOf(kImageUrlFields);
constexpr Field kImagePartFields[] = {
    required(oneOf("type", "'image_url'")),
    required(objectOf("image_url", &kImageUrlShape)),
};
constexpr Field kFileFields[] = {
    text("file_id"),
    text("file_data", kNoLimit),
    text("filename"),
};
constexpr Shape kFileShape = shapeOf(kFileFields);
constexpr Field kFilePartFields[] = {
    required(oneOf("type", "'file'")),
    required(objectOf("file", &kFileShape)),
};

struct PartRow {
    std::string_view role;  // empty: any
    std::string_view type;
    Shape shape;
};
constexpr PartRow kParts[] = {
    {"", "text", shapeOf(kTextPartFields)},
    {"assistant", "refusal", shapeOf(kRefusalPartFields)},
    {"user", "image_url", shapeOf(kImagePartFields)},
    {"user", "file", shapeOf(kFilePartFields)},
};

std::string choicesFor(std::string_view role) {
    std::string choices;
    for (const PartRow& row : kParts) {
        if (row.role.empty() || row.role == role) {
            choices += (choices.empty() ? "'" : ", '") + std::string(row.type) + "'";
        }
    }
    return choices;
}

Refusal checkPart(const json_t* part, std::string_view role, const std::string& name) {
    if (!json_is_object(part)) {
        return refusal::wrongType(name, "an object", typeWords(part));
    }
    if (json_object_get(part, "type") == nullptr) {
        return refusal::missingParameter(name + ".type");
    }
    const std::string_view type = stringOf(part, "type");
    for (const PartRow& row : kParts) {
        if (row.type == type && (row.role.empty() || row.role == role)) {
            return checkShape(part, row.shape, name + ".");
        }
    }
    return refusal::unsupportedValue(name + ".type", type, choicesFor(role));
}

// What an assistant only called tools for needs no content.
bool mayBeNull(const json_t* message) {
    return stringOf(message, "role") == "assistant" &&
           (json_is_array(json_object_get(message, "tool_calls")) ||
            json_is_string(json_object_get(message, "refusal")));
}

Refusal checkContent(const json_t* message, const std::string& name, const std::string& param) {
    const json_t* content = json_object_get(message, "content");
    if (content == nullptr || json_is_null(content)) {
        return mayBeNull(message)
                   ? std::nullopt
                   : Refusal(ApiError{400,
                                      "Invalid value for 'content': expected a string, got null.",
                                      param + ".content", ""});
    }
    if (json_is_string(content)) {
        return std::nullopt;
    }
    if (!json_is_array(content)) {
        return refusal::wrongType(name, "one of a string or array of objects", typeWords(content));
    }
    if (json_array_size(content) == 0) {
        return refusal::emptyArray(name);
    }
    for (std::size_t i = 0; i < json_array_size(content); ++i) {
        const std::string part = name + "[" + std::to_string(i) + "]";
        if (auto error = checkPart(json_array_get(content, i), stringOf(message, "role"), part)) {
            return error;
        }
    }
    return std::nullopt;
}

Refusal checkMessage(const json_t* message, std::size_t index) {
    const std::string name = "messages[" + std::to_string(index) + "]";
    const std::string param = "messages.[" + std::to_string(index) + "]";
    if (!json_is_object(message)) {
        return refusal::wrongType(name, "an object", typeWords(message));
    }
    const json_t* role = json_object_get(message, "role");
    if (role == nullptr) {
        return refusal::missingParameter(name + ".role");
    }
    const auto* row =
        std::find_if(std::begin(kRoles), std::end(kRoles),
                     [&](const RoleRow& candidate) { return candidate.role == stringOf(role); });
    if (row == std::end(kRoles)) {
        return refusal::unsupportedValue(name + ".role", stringOf(role), kRoleChoices);
    }
    if (auto error = checkShape(message, row->shape, name + ".")) {
        return error;
    }
    return checkContent(message, name + ".content", param);
}

// Which calls of the newest assistant message have their outputs. OpenAI's words, with its
// spelling and its own way of naming members.
class Pairing {
public:
    Refusal take(const json_t* message, std::size_t index) {
        if (stringOf(message, "role") == "tool") {
            return takeOutput(stringOf(message, "tool_call_id"), index);
        }
        if (auto error = unanswered(memberOf(index, "role"))) {
            return error;
        }
        calls_.clear();
        order_.clear();
        return takeCalls(json_object_get(message, "tool_calls"), index);
    }

    Refusal finish() const { return unanswered("messages"); }

private:
    static std::string memberOf(std::size_t index, std::string_view name) {
        return "messages.[" + std::to_string(index) + "]." + std::string(name);
    }

    static ApiError refuse(std::string message, std::string param) {
        return {400, std::move(message), std::move(param), ""};
    }

    static ApiError duplicate(const std::string& id, std::size_t first, std::size_t second) {
        return refuse("Invalid parameter: Duplicate value for 'tool_call_id' of '" + id +
                          "', in messages[" + std::to_string(first) + "] and messages[" +
                          std::to_string(second) + "].",
                      memberOf(second, "tool_call_id"));
    }

    Refusal takeCalls(const json_t* calls, std::size_t index) {
        for (std::size_t i = 0; i < json_array_size(calls); ++i) {
            const std::string id(stringOf(json_array_get(calls, i), "id"));
            if (!calls_.emplace(id, 0).second) {
                return duplicate(id, index, index);
            }
            order_.push_back(id);
        }
        return std::nullopt;
    }

    Refusal takeOutput(std::string_view callId, std::size_t index) {
        const std::string id(callId);
        if (calls_.empty()) {
            return refuse(
                "Invalid parameter: messages with role 'tool' must be a response to a preceeding "
                "message with 'tool_calls'.",
                memberOf(index, "role"));
        }
        const auto call = calls_.find(id);
        if (call == calls_.end()) {
            return refuse("Invalid parameter: 'tool_call_id' of '" + id +
                              "' not found in 'tool_calls' of previous message.",
                          memberOf(index, "tool_call_id"));
        }
        if (call->second != 0) {
            return duplicate(id, call->second, index);
        }
        call->second = index;
        return std::nullopt;
    }

    Refusal unanswered(const std::string& param) const {
        std::string ids;
        for (const std::string& id : order_) {
            const auto call = calls_.find(id);
            if (call != calls_.end() && call->second == 0) {
                ids += (ids.empty() ? "" : ", ") + id;
            }
        }
        if (ids.empty()) {
            return std::nullopt;
        }
        return refuse(
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            "to each 'tool_call_id'. The following tool_call_ids did not have response messages: " +
                ids,
            param);
    }

    std::map<std::string, std::size_t> calls_;  // index of the output; 0: none yet
    std::vector<std::string> order_;
};

}  // namespace

Refusal checkChatMessages(const json_t* messages) {
    for (std::size_t i = 0; i < json_array_size(messages); ++i) {
        if (auto error = checkMessage(json_array_get(messages, i), i)) {
            return error;
        }
    }
    Pairing pairing;
    for (std::size_t i = 0; i < json_array_size(messages); ++i) {
        if (auto error = pairing.take(json_array_get(messages, i), i)) {
            return error;
        }
    }
    return pairing.finish();
}

}  // namespace emulator
