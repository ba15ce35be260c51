#pragma once

#include <jansson.h>

#include <optional>

#include "api_error.h"

namespace emulator {

// The messages of a chat completion: their members and parts, and that each tool call is followed
// by its output and no output comes without its call. `messages` is an array.
std::optional<ApiError> checkChatMessages(const json_t* messages);

}  // namespace emulator
