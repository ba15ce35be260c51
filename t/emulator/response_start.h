#pragma once

#include <variant>

#include "calls.h"

namespace emulator {

// What a response begins with: where it belongs, what came before it, and its input.
struct ResponseStart {
    Conversation* conversation = nullptr;
    std::string previousId;
    ItemList context;
    ItemList input;
};

// Finds it for a checked CreateResponse, or refuses: what is unknown, locked, or still running,
// and calls of functions without their output.
std::variant<ResponseStart, ApiError> findStart(CallContext& context);

// The items of a request; references are looked up. Items that are known already are refused.
std::variant<ItemList, ApiError> takeItems(CallContext& context, const json_t* given,
                                           const ItemList& known);

}  // namespace emulator
