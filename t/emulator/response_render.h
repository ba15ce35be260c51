#pragma once

#include <string>

#include "items.h"
#include "response_store.h"

namespace emulator {

// The objects of the Responses API and Conversations as JSON text.
std::string renderResponse(const Response& response, const Inclusions& includes);

// As /_emulator/runs shows it.
std::string renderRecord(const Response& response);

std::string renderConversation(const Conversation& conversation);

// What a request says of itself in its response; `body` is a checked CreateResponse.
ResponseEcho readResponseEcho(const json_t* body);

}  // namespace emulator
