#pragma once

#include <jansson.h>

#include <cstddef>
#include <optional>
#include <string>

#include "api_error.h"

namespace emulator {

enum class FieldKind {
    kString,   // high: most code points
    kEnum,     // choices
    kInteger,  // low, high
    kNumber,   // low, high
    kBoolean,
    kObject,    // members follow `item` when it is set
    kMetadata,  // at most 16 pairs of strings, 64 and 512 code points
    kArray,     // low: 0 or 1, high: most items; items follow `item` when it is set
    kContent,   // the content of a message: a string or parts
    kStringOrObject,
    kAny,
    kStrings,  // as kArray
};

struct Field;

struct Shape {
    const Field* fields;
    std::size_t count;
};

struct Field {
    const char* name;
    FieldKind kind;
    bool isRequired = false;
    bool isNullable = true;
    double low = 0;
    double high = 0;
    const char* choices = "";  // as OpenAI lists them: 'a', 'b', and 'c'
    const Shape* item = nullptr;
};

// Refuses what is not of the shape: unknown, missing, wrongly typed or oversized members.
// `prefix` stands before member names in messages ("messages[0].").
std::optional<ApiError> checkShape(const json_t* object, const Shape& shape,
                                   const std::string& prefix = "");

// "a string", "an integer": how OpenAI names the type of a value.
const char* typeWords(const json_t* value);

}  // namespace emulator
