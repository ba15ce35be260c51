#include <algorithm>
#include <array>

#include "edgerun/nginx/assistant_block.h"
#include "edgerun/nginx/operator_file.h"

namespace edgerun::nginx {

namespace {

constexpr std::size_t kMaxFile = 256 * 1024;
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxValues = 20'000;
constexpr std::size_t kMaxName = 64;

bool isDefinitionName(const json_t* value) {
    const std::string_view name = text::stringOf(value);
    return !name.empty() && name.size() <= kMaxName &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                      c == '_' || c == '-';
           });
}

bool isObject(const json_t* value) {
    return json_is_object(value);
}

bool isString(const json_t* value) {
    return json_is_string(value);
}

bool isBoolean(const json_t* value) {
    return json_is_boolean(value);
}

struct MemberRule {
    const char* name;
    bool isRequired;
    bool (*fits)(const json_t* value);
    const char* shape;  ///< what it must be
};

using Rules = std::array<MemberRule, 4>;

constexpr const char* kNameShape = "1 to 64 letters, digits, \"_\" and \"-\"";

constexpr Rules kFunction{{
    {"name", true, isDefinitionName, kNameShape},
    {"description", false, isString, "a string"},
    {"parameters", false, isObject, "an object, a JSON Schema"},
    {"strict", false, isBoolean, "true or false"},
}};

constexpr Rules kSchema{{
    {"name", true, isDefinitionName, kNameShape},
    {"schema", true, isObject, "an object, a JSON Schema"},
    {"description", false, isString, "a string"},
    {"strict", false, isBoolean, "true or false"},
}};

bool isKnown(const Rules& rules, std::string_view name) {
    return std::any_of(rules.begin(), rules.end(),
                       [&](const MemberRule& rule) { return name == rule.name; });
}

std::string listOf(const Rules& rules) {
    std::string list;
    for (const MemberRule& rule : rules) {
        list += (list.empty() ? "" : ", ") + std::string(rule.name);
    }
    return list;
}

Faults check(const json_t* object, const Rules& rules) {
    Faults faults;
    for (const MemberRule& rule : rules) {
        const json_t* value = json_object_get(object, rule.name);
        if (value == nullptr ? rule.isRequired : !rule.fits(value)) {
            faults.push_back(quoted(rule.name) + (value == nullptr ? " is missing; it" : "") +
                             " must be " + rule.shape);
        }
    }
    const char* name = nullptr;
    json_t* value = nullptr;
    json_object_foreach(const_cast<json_t*>(object), name, value) {  // jansson wants it so
        if (!isKnown(rules, name)) {
            faults.push_back("unknown member " + quoted(name) + "; it takes " + listOf(rules));
        }
    }
    return faults;
}

/// What {"type": TYPE, TYPE: {...}} holds; an object of another kind itself.
const json_t* unwrap(const json_t* object, const char* type) {
    const json_t* inner = json_object_get(object, type);
    const bool isWrapped = json_object_size(object) == 2 && json_is_object(inner) &&
                           text::stringMember(object, "type") == type;
    return isWrapped ? inner : object;
}

}  // namespace

JsonFile readJsonFile(ngx_conf_t* cf, std::string_view path, Problems& problems) {
    JsonFile result;
    auto file = readOperatorFile(cf, path, kMaxFile);
    if (const auto* problem = std::get_if<text::FileProblem>(&file)) {
        result.fault = problem->message;
        return result;
    }
    const auto& read = std::get<OperatorFile>(file);
    result.path = read.path;
    auto parsed = text::parseJsonOrTell(read.text.bytes, {kMaxFile, kMaxDepth, kMaxValues});
    if (const auto* fault = std::get_if<text::JsonFault>(&parsed)) {
        problems.add(cf, {read.path, fault->line},
                     "this is not the JSON that a definition is: " + fault->message);
        return result;
    }
    auto& value = std::get<text::JsonPtr>(parsed);
    if (!json_is_object(value.get())) {
        problems.add(cf, {read.path, 1}, "a definition must be one JSON object");
        return result;
    }
    result.object = std::move(value);
    return result;
}

Faults readFunction(const json_t* object, run::Function& function) {
    const json_t* definition = unwrap(object, "function");
    Faults faults = check(definition, kFunction);
    if (faults.empty()) {
        function.name = text::stringOf(json_object_get(definition, "name"));
        function.definition = text::dumpJson(definition);
    }
    return faults;
}

Faults readJsonSchema(const json_t* object, std::string& responseFormat) {
    const json_t* definition = unwrap(object, "json_schema");
    Faults faults = check(definition, kSchema);
    if (faults.empty()) {
        text::JsonObjectWriter json(responseFormat);
        json.string("type", "json_schema");
        json.raw("json_schema", text::dumpJson(definition));
        json.finish();
    }
    return faults;
}

}  // namespace edgerun::nginx
