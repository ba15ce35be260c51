#pragma once

#include <cstddef>

#include "edgerun/run/machine.h"
#include "edgerun/run/tool_round.h"

/// The requests of OpenAI Responses and Conversations, one for each phase.
/// https://platform.openai.com/docs/api-reference/responses
/// https://platform.openai.com/docs/api-reference/conversations
namespace edgerun::run {

/// Items that POST /conversations/ID/items takes at once.
constexpr std::size_t kMostNewItems = 20;

/// Is the job's thread a conversation of the provider's? Otherwise it is edgerun's own, or none.
bool isInConversation(const Context& context, const Record& record);

/// The call of record.phase, without its time. CreateThread and CreateRun need context.request;
/// `work` is what the machine wrote last.
Call responsesCall(const Context& context, const Record& record, const Work& work);

}  // namespace edgerun::run
