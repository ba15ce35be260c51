#include "schema.h"

#include <cmath>
#include <string_view>

#include "fields.h"
#include "json_text.h"

namespace emulator {

namespace {

constexpr std::size_t kMostPairs = 16;
constexpr std::size_t kMostKey = 64;
constexpr std::size_t kMostValue = 512;

using Refusal = std::optional<ApiError>;

constexpr Field kTextPartFields[] = {
    required(oneOf("type", "'text'")),
    required(text("text")),
};
constexpr const char* kDetails = "'auto', 'low', and 'high'";
constexpr Field kImageFileFields[] = {
    required(text("file_id")),
    oneOf("detail", kDetails),
};
constexpr Shape kImageFileShape = shapeOf(kImageFileFields);
constexpr Field kImageFilePartFields[] = {
    required(oneOf("type", "'image_file'")),
    required(objectOf("image_file", &kImageFileShape)),
};
constexpr Field kImageUrlFields[] = {
    required(text("url")),
    oneOf("detail", kDetails),
};
constexpr Shape kImageUrlShape = shapeOf(kImageUrlFields);
constexpr Field kImageUrlPartFields[] = {
    required(oneOf("type", "'image_url'")),
    required(objectOf("image_url", &kImageUrlShape)),
};

struct PartShape {
    std::string_view type;
    Shape shape;
};
constexpr PartShape kPartShapes[] = {
    {"text", shapeOf(kTextPartFields)},
    {"image_file", shapeOf(kImageFilePartFields)},
    {"image_url", shapeOf(kImageUrlPartFields)},
};

Refusal checkLength(const json_t* value, const std::string& name, double most) {
    const std::size_t length = codePoints(stringOf(value));
    const auto limit = static_cast<std::size_t>(most);
    return length > limit ? Refusal(refusal::tooLong(name, limit, length)) : std::nullopt;
}

Refusal checkChoice(const json_t* value, const std::string& name, const char* choices) {
    const std::string quoted = "'" + std::string(stringOf(value)) + "'";
    return std::string_view(choices).find(quoted) == std::string_view::npos
               ? Refusal(refusal::unsupportedValue(name, stringOf(value), choices))
               : std::nullopt;
}

Refusal checkRange(const json_t* value, const std::string& name, const Field& field) {
    const double number = json_number_value(value);
    const auto plain = [](double bound) {
        return std::to_string(static_cast<long long>(std::llround(bound)));
    };
    if (number < field.low) {
        return refusal::outOfRange(name, true, plain(field.low), dumpJson(value));
    }
    if (number > field.high) {
        return refusal::outOfRange(name, false, plain(field.high), dumpJson(value));
    }
    return std::nullopt;
}

Refusal checkMetadata(const json_t* value, const std::string& name) {
    const std::size_t count = json_object_size(value);
    if (count > kMostPairs) {
        return refusal::tooManyPairs(name, kMostPairs, count);
    }
    const char* key = nullptr;
    const json_t* item = nullptr;
    json_object_foreach(const_cast<json_t*>(value), key, item) {
        if (codePoints(key) > kMostKey) {
            return refusal::keyTooLong(name, kMostKey, codePoints(key));
        }
        const std::string member = name + "." + key;
        if (!json_is_string(item)) {
            return refusal::wrongType(member, "a string", typeWords(item));
        }
        if (auto error = checkLength(item, member, kMostValue)) {
            return error;
        }
    }
    return std::nullopt;
}

Refusal checkPart(const json_t* part, const std::string& name) {
    if (!json_is_object(part)) {
        return refusal::wrongType(name, "an object", typeWords(part));
    }
    const std::string_view type = stringOf(json_object_get(part, "type"));
    for (const PartShape& candidate : kPartShapes) {
        if (candidate.type == type) {
            return checkShape(part, candidate.shape, name + ".");
        }
    }
    return refusal::unsupportedValue(name + ".type", type, "'text', 'image_url', and 'image_file'");
}

Refusal checkContent(const json_t* value, const std::string& name) {
    if (json_is_string(value)) {
        return json_string_length(value) == 0 ? Refusal(refusal::emptyContent())
                                              : checkLength(value, name, kMostText);
    }
    if (!json_is_array(value)) {
        return refusal::wrongType(name, "one of a string or array of objects", typeWords(value));
    }
    if (json_array_size(value) == 0) {
        return refusal::emptyContent();
    }
    for (std::size_t i = 0; i < json_array_size(value); ++i) {
        const std::string part = name + "[" + std::to_string(i) + "]";
        if (auto error = checkPart(json_array_get(value, i), part)) {
            return error;
        }
    }
    return std::nullopt;
}

Refusal checkItem(const json_t* item, const std::string& name, const Field& field) {
    if (field.kind == FieldKind::kStrings) {
        return json_is_string(item)
                   ? std::nullopt
                   : Refusal(refusal::wrongType(name, "a string", typeWords(item)));
    }
    if (field.item == nullptr) {
        return std::nullopt;
    }
    return json_is_object(item) ? checkShape(item, *field.item, name + ".")
                                : refusal::wrongType(name, "an object", typeWords(item));
}

Refusal checkArray(const json_t* value, const std::string& name, const Field& field) {
    const std::size_t count = json_array_size(value);
    const auto most = static_cast<std::size_t>(field.high);
    if (count < static_cast<std::size_t>(field.low)) {
        return refusal::emptyArray(name);
    }
    if (count > most) {
        return refusal::tooManyItems(name, most, count);
    }
    for (std::size_t i = 0; i < count; ++i) {
        const std::string member = name + "[" + std::to_string(i) + "]";
        if (auto error = checkItem(json_array_get(value, i), member, field)) {
            return error;
        }
    }
    return std::nullopt;
}

struct KindRow {
    FieldKind kind;
    const char* expected;
    bool (*holds)(const json_t*);
};

constexpr KindRow kKinds[] = {
    {FieldKind::kString, "a string", [](const json_t* v) { return json_is_string(v); }},
    {FieldKind::kEnum, "a string", [](const json_t* v) { return json_is_string(v); }},
    {FieldKind::kInteger, "an integer", [](const json_t* v) { return json_is_integer(v); }},
    {FieldKind::kNumber, "a decimal", [](const json_t* v) { return json_is_number(v); }},
    {FieldKind::kBoolean, "a boolean", [](const json_t* v) { return json_is_boolean(v); }},
    {FieldKind::kObject, "an object", [](const json_t* v) { return json_is_object(v); }},
    {FieldKind::kMetadata, "an object", [](const json_t* v) { return json_is_object(v); }},
    {FieldKind::kArray, "an array of objects", [](const json_t* v) { return json_is_array(v); }},
    {FieldKind::kStrings, "an array of strings", [](const json_t* v) { return json_is_array(v); }},
    {FieldKind::kContent, "", [](const json_t*) { return true; }},
    {FieldKind::kAny, "", [](const json_t*) { return true; }},
    {FieldKind::kStringOrObject, "one of a string or object",
     [](const json_t* v) { return json_is_string(v) || json_is_object(v); }},
};

Refusal checkField(const json_t* value, const std::string& name, const Field& field) {
    if (json_is_null(value) && field.isNullable) {
        return std::nullopt;
    }
    for (const KindRow& row : kKinds) {
        if (row.kind == field.kind && !row.holds(value)) {
            return refusal::wrongType(name, row.expected, typeWords(value));
        }
    }
    switch (field.kind) {
        case FieldKind::kString:
            return checkLength(value, name, field.high);
        case FieldKind::kEnum:
            return checkChoice(value, name, field.choices);
        case FieldKind::kInteger:
        case FieldKind::kNumber:
            return checkRange(value, name, field);
        case FieldKind::kMetadata:
            return checkMetadata(value, name);
        case FieldKind::kArray:
        case FieldKind::kStrings:
            return checkArray(value, name, field);
        case FieldKind::kContent:
            return checkContent(value, name);
        case FieldKind::kObject:
            return field.item == nullptr ? std::nullopt
                                         : checkShape(value, *field.item, name + ".");
        case FieldKind::kBoolean:
        case FieldKind::kAny:
        case FieldKind::kStringOrObject:
            return std::nullopt;
    }
    return std::nullopt;
}

const Field* findField(const Shape& shape, std::string_view name) {
    for (std::size_t i = 0; i < shape.count; ++i) {
        if (name == shape.fields[i].name) {
            return &shape.fields[i];
        }
    }
    return nullptr;
}

}  // namespace

std::optional<ApiError> checkShape(const json_t* object, const Shape& shape,
                                   const std::string& prefix) {
    const char* key = nullptr;
    const json_t* value = nullptr;
    json_object_foreach(const_cast<json_t*>(object), key, value) {
        const Field* known = findField(shape, key);
        if (known == nullptr) {
            return refusal::unknownParameter(prefix + key);
        }
        if (auto error = checkField(value, prefix + key, *known)) {
            return error;
        }
    }
    for (std::size_t i = 0; i < shape.count; ++i) {
        const Field& field = shape.fields[i];
        if (field.isRequired && json_object_get(object, field.name) == nullptr) {
            return refusal::missingParameter(prefix + field.name);
        }
    }
    return std::nullopt;
}

const char* typeWords(const json_t* value) {
    switch (json_typeof(value)) {
        case JSON_OBJECT:
            return "an object";
        case JSON_ARRAY:
            return "an array";
        case JSON_STRING:
            return "a string";
        case JSON_INTEGER:
            return "an integer";
        case JSON_REAL:
            return "a decimal";
        case JSON_TRUE:
        case JSON_FALSE:
            return "a boolean";
        case JSON_NULL:
            return "null";
    }
    return "nothing";
}

}  // namespace emulator
