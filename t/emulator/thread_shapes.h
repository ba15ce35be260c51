#pragma once

#include "schema.h"

namespace emulator {

// The bodies of the Assistants API.
extern const Shape kCreateThreadShape;
extern const Shape kCreateMessageShape;
extern const Shape kCreateRunShape;
extern const Shape kSubmitToolOutputsShape;
extern const Shape kEmptyShape;

// tool_resources of assistants and threads.
extern const Shape kToolResourcesShape;

}  // namespace emulator
