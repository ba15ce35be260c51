#pragma once

#include <jansson.h>

#include <optional>

#include "api_error.h"
#include "schema.h"

namespace emulator {

extern const Shape kCreateResponseShape;
extern const Shape kCreateConversationShape;
extern const Shape kUpdateConversationShape;
extern const Shape kCreateItemsShape;

// What of a CreateResponse its shape cannot say. `body` has the shape.
std::optional<ApiError> checkResponseBody(const json_t* body);

}  // namespace emulator
