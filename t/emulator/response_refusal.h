#pragma once

#include <string>
#include <string_view>

#include "api_error.h"

namespace emulator::refusal {

// What the Responses API and Conversations refuse, in OpenAI's words.
ApiError responseNotFound(std::string_view id);
ApiError previousNotFound(std::string_view id);
ApiError conversationNotFound(std::string_view id);
ApiError itemNotFound(std::string_view id);
ApiError duplicateItem(std::string_view id);
ApiError conversationLocked();
ApiError twoContexts();
ApiError noInput();
ApiError missingToolOutput(std::string_view callId);
ApiError orphanToolOutput(std::string_view callId);
ApiError synchronousResponse();
ApiError notStrictSchema(const std::string& param, std::string_view function,
                         std::string_view reason);

// In words of the emulator: OpenAI's are not known.
ApiError previousIsRunning(std::string_view id, std::string_view status);

}  // namespace emulator::refusal
