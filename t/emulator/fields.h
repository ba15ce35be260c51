#pragma once

#include <cstddef>

#include "schema.h"

namespace emulator {

// How shapes are written down: each makes one Field.

constexpr double kNoLimit = 1e9;
constexpr double kMostText = 256000;
constexpr const char* kReasoningEfforts = "'none', 'minimal', 'low', 'medium', 'high', and 'xhigh'";

template <std::size_t N>
constexpr Shape shapeOf(const Field (&fields)[N]) {
    return {fields, N};
}

constexpr Field field(const char* name, FieldKind kind) {
    return {name, kind};
}

constexpr Field required(Field field) {
    field.isRequired = true;
    field.isNullable = false;
    return field;
}

constexpr Field ranged(const char* name, FieldKind kind, double low, double high) {
    Field field{name, kind};
    field.low = low;
    field.high = high;
    return field;
}

constexpr Field text(const char* name, double most = kMostText) {
    return ranged(name, FieldKind::kString, 0, most);
}

constexpr Field oneOf(const char* name, const char* choices) {
    Field field{name, FieldKind::kEnum};
    field.choices = choices;
    return field;
}

constexpr Field objectOf(const char* name, const Shape* shape) {
    Field field{name, FieldKind::kObject};
    field.item = shape;
    return field;
}

// `item` may be null: items of any kind.
constexpr Field listOf(const char* name, const Shape* item, double most, double least = 0) {
    Field field{name, FieldKind::kArray};
    field.item = item;
    field.low = least;
    field.high = most;
    return field;
}

}  // namespace emulator
