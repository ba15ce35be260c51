#pragma once

#include <jansson.h>

#include <optional>

#include "api_error.h"

namespace emulator {

// Tools, tool_choice and text.format as the Responses API writes them: flat. Each may be absent or
// null.
std::optional<ApiError> checkFlatTools(const json_t* tools);

// `tools` are checked.
std::optional<ApiError> checkFlatToolChoice(const json_t* choice, const json_t* tools);

std::optional<ApiError> checkTextFormat(const json_t* format);

}  // namespace emulator
