#pragma once

#include <jansson.h>

#include <optional>
#include <string>

#include "api_error.h"
#include "http_message.h"

namespace emulator {

// Refuses what is no array of input items. `name` is that of the array in messages ("input").
std::optional<ApiError> checkInputItems(const json_t* items, const std::string& name);

// Refuses values that include[] does not know.
std::optional<ApiError> checkInclude(const json_t* values);
std::optional<ApiError> checkInclude(const Pairs& query);

}  // namespace emulator
