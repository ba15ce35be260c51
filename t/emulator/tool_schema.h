#pragma once

#include <jansson.h>

#include <optional>
#include <string>

#include "api_error.h"

namespace emulator {

// Tools, tool_choice and response_format as assistants, runs and chat completions write them: the
// members of a function are nested.

enum class ToolKinds {
    kFunctions,
    kAll,  // also code_interpreter and file_search
};

// `tools` may be absent or null.
std::optional<ApiError> checkTools(const json_t* tools, ToolKinds kinds);

// `choice` may be absent; `tools` are checked.
std::optional<ApiError> checkToolChoice(const json_t* choice, const json_t* tools, ToolKinds kinds);

// `format` may be absent. Assistants and runs also take "auto".
std::optional<ApiError> checkResponseFormat(const json_t* format, bool takesAuto);

}  // namespace emulator
