#pragma once

#include <vector>

#include "edgerun/run/responses_replies.h"

/// Items of a response or a conversation, which are of the same kinds.
/// https://platform.openai.com/docs/api-reference/responses/object#responses/object-output
namespace edgerun::run {

using Items = std::vector<const json_t*>;

/// Of the model alone, in the order of writing. All but function calls become steps of `work`.
Output outputOf(const Items& items, const Work& work);

/// Those that have no output among the items; malformed ones, and what is too many, set
/// `isSound` to false.
ToolRound pendingCallsOf(const Items& items, bool& isSound);

}  // namespace edgerun::run
