#pragma once

#include "response_store.h"
#include "world.h"

namespace emulator {

// What the model makes of a response that is set up but for its output.
ItemList makeOutput(World& world, const Response& response);

// Whether it ends by asking for tools.
bool asksForTools(const Response& response);

}  // namespace emulator
