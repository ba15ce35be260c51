#include "items.h"

namespace emulator {

namespace {

// What a kind of item is called, and which of its members only include[] shows.
struct ItemRow {
    std::string_view type;
    std::string_view idPrefix;
    ItemKind kind;
    bool hasStatus;
    const char* includedMember;
    std::string_view inclusion;
};
constexpr ItemRow kItems[] = {
    {"message", "msg_", ItemKind::kOther, true, nullptr, ""},
    {"function_call", "fc_", ItemKind::kFunctionCall, true, nullptr, ""},
    {"function_call_output", "fco_", ItemKind::kFunctionCallOutput, true, nullptr, ""},
    {"reasoning", "rs_", ItemKind::kOther, false, nullptr, ""},
    {"file_search_call", "fs_", ItemKind::kOther, true, "results", "file_search_call.results"},
    {"code_interpreter_call", "ci_", ItemKind::kOther, true, "outputs",
     "code_interpreter_call.outputs"},
};

const ItemRow& rowOf(std::string_view type) {
    for (const ItemRow& row : kItems) {
        if (row.type == type) {
            return row;
        }
    }
    return kItems[0];
}

void setDefault(json_t* object, const char* name, json_t* value) {
    if (json_object_get(object, name) == nullptr) {
        json_object_set_new(object, name, value);
    } else {
        json_decref(value);
    }
}

json_t* textPart(std::string_view type, std::string_view text) {
    json_t* part = json_object();
    json_object_set_new(part, "type", json_stringn(type.data(), type.size()));
    json_object_set_new(part, "text", json_stringn(text.data(), text.size()));
    return part;
}

// A string stands for one part of text.
json_t* partsOf(const json_t* content, bool isOfAssistant) {
    json_t* parts = json_is_array(content) ? json_deep_copy(content) : json_array();
    if (json_is_string(content)) {
        const std::string_view type = isOfAssistant ? "output_text" : "input_text";
        json_array_append_new(parts, textPart(type, stringOf(content)));
    }
    for (std::size_t i = 0; i < json_array_size(parts); ++i) {
        json_t* part = json_array_get(parts, i);
        if (stringOf(part, "type") == "output_text") {
            setDefault(part, "annotations", json_array());
            setDefault(part, "logprobs", json_array());
        } else if (stringOf(part, "type") == "input_image") {
            setDefault(part, "detail", json_string("auto"));
        }
    }
    return parts;
}

std::string textOf(const json_t* parts) {
    std::string text(stringOf(parts));
    for (std::size_t i = 0; i < json_array_size(parts); ++i) {
        text += stringOf(json_array_get(parts, i), "text");
    }
    return text;
}

void completeMessage(json_t* message) {
    const bool isOfAssistant = stringOf(message, "role") == "assistant";
    json_object_set_new(message, "content",
                        partsOf(json_object_get(message, "content"), isOfAssistant));
    setDefault(message, "type", json_string("message"));
}

}  // namespace

ItemRef makeItem(World& world, const json_t* given) {
    JsonRef json(json_deep_copy(given));
    if (json_object_get(json.get(), "role") != nullptr) {
        completeMessage(json.get());
    }
    const ItemRow& row = rowOf(stringOf(json.get(), "type"));
    if (stringOf(json.get(), "id").empty()) {
        json_object_set_new(json.get(), "id", json_string(world.newId(row.idPrefix).c_str()));
    }
    if (row.hasStatus && stringOf(json.get(), "status").empty()) {
        json_object_set_new(json.get(), "status", json_string("completed"));
    }
    return std::make_shared<const Item>(modelItem(std::move(json)));
}

ItemRef makeUserMessage(World& world, std::string_view text) {
    const JsonRef given(json_object());
    json_object_set_new(given.get(), "role", json_string("user"));
    json_object_set_new(given.get(), "content", json_stringn(text.data(), text.size()));
    return makeItem(world, given.get());
}

Item modelItem(JsonRef json) {
    const ItemRow& row = rowOf(stringOf(json.get(), "type"));
    Item item;
    item.id = stringOf(json.get(), "id");
    item.kind = stringOf(json.get(), "role") == "user" ? ItemKind::kUserMessage : row.kind;
    item.callId = stringOf(json.get(), "call_id");
    std::string text = textOf(json_object_get(json.get(), "content")) +
                       textOf(json_object_get(json.get(), "output"));
    item.textLength = static_cast<std::int64_t>(text.size());
    if (item.kind == ItemKind::kUserMessage) {
        item.text = std::move(text);
    }
    item.json = dumpJson(json.get());
    if (row.includedMember != nullptr) {
        item.inclusion = row.inclusion;
        item.wholeJson = std::move(item.json);
        json_object_set_new(json.get(), row.includedMember, json_null());
        item.json = dumpJson(json.get());
    }
    return item;
}

const std::string& renderItem(const Item& item, const Inclusions& includes) {
    const bool isWhole = !item.inclusion.empty() && includes.count(item.inclusion) > 0;
    return isWhole ? item.wholeJson : item.json;
}

std::string renderItems(const ItemList& items, const Inclusions& includes) {
    std::string list = "[";
    for (const ItemRef& item : items) {
        list += list.size() > 1 ? "," : "";
        list += renderItem(*item, includes);
    }
    return list + "]";
}

}  // namespace emulator
