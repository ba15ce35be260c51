#pragma once

#include <cstdint>
#include <string_view>

#include "response_store.h"
#include "world.h"

namespace emulator {

// As with runs, time changes a response: whoever looks at one settles it first.
void settleResponse(ResponseStore& store, Response& response, std::int64_t nowMs);
void settleConversation(ResponseStore& store, Conversation& conversation, std::int64_t nowMs);

// Puts a new response at the beginning of its life. `context`, `input` and `echo` are set.
void beginResponse(World& world, const Settings& settings, Response& response, std::int64_t nowMs);

void cancelResponse(Response& response, std::int64_t nowMs);

// The response as it will be at the planned end of its life.
Response finishedResponse(const Response& response);

bool isFinal(ResponseStatus status);

// The status as clients see it.
std::string_view statusWord(const Response& response);

// Whether a response runs in a conversation (settled before).
bool isLocked(const Conversation& conversation);

// Whether clients find the response: it is kept, not deleted, and not lost.
bool isFindable(const Response& response, std::int64_t nowMs);

// The calls of functions that have no output yet.
std::vector<std::string> pendingCalls(const ItemList& items);

}  // namespace emulator
