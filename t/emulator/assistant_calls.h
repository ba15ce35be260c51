#pragma once

#include <string>

#include "assistant.h"
#include "calls.h"

namespace emulator {

extern const Shape kCreateAssistantShape;
extern const Shape kUpdateAssistantShape;

CallResult createAssistant(CallContext& context);
CallResult listAssistants(CallContext& context);
CallResult getAssistant(CallContext& context);
CallResult updateAssistant(CallContext& context);
CallResult deleteAssistant(CallContext& context);

// The assistant of an id, created or of the command line; null when there is none.
Assistant* findAssistant(World& world, const Settings& settings, const std::string& id);

}  // namespace emulator
