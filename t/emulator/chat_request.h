#pragma once

#include <jansson.h>

#include <optional>

#include "schema.h"

namespace emulator {

// The body of POST /chat/completions: its members.
extern const Shape kCreateCompletionShape;

// What a shape cannot say: messages, tools, and members that depend on others.
std::optional<ApiError> checkChatRequest(const json_t* body);

}  // namespace emulator
