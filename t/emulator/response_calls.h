#pragma once

#include "calls.h"

namespace emulator {

// The calls of the Responses API, each on a request that is admitted and has a body of its shape.
CallResult createResponse(CallContext& context);
CallResult pollResponse(CallContext& context);
CallResult cancelResponseCall(CallContext& context);
CallResult deleteResponse(CallContext& context);
CallResult listInputItems(CallContext& context);

// And of Conversations.
CallResult createConversation(CallContext& context);
CallResult getConversation(CallContext& context);
CallResult updateConversation(CallContext& context);
CallResult deleteConversation(CallContext& context);
CallResult createItems(CallContext& context);
CallResult listItems(CallContext& context);
CallResult getItem(CallContext& context);
CallResult deleteItem(CallContext& context);

// The settled conversation of this id, or why there is none. `param` is the one that has the id.
std::variant<Conversation*, ApiError> conversationOf(CallContext& context, const std::string& id,
                                                     const std::string& param);

}  // namespace emulator
