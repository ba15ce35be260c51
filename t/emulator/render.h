#pragma once

#include <jansson.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "world.h"

namespace emulator {

// The objects of the Assistants API as JSON text.
std::string renderRun(const Run& run);
std::string renderThread(const Thread& thread, const json_t* body);
std::string renderDeleted(std::string_view id, std::string_view object);
std::string renderAssistant(const Assistant& assistant);

// A message of a user; `body` is a checked CreateMessage.
std::string renderMessage(const Thread& thread, std::string_view id, const json_t* body,
                          std::int64_t createdMs);

// The text of a CreateMessage: its string, or its text parts one after the other.
std::string messageText(const json_t* body);

// The `index`th message that a run writes at its end; counts its length in the run.
std::string renderAnswer(Run& run, std::string_view messageId, std::size_t index);

}  // namespace emulator
