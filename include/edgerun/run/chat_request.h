#pragma once

#include <string>

#include "edgerun/run/machine.h"
#include "edgerun/run/tool_round.h"

namespace edgerun::run {

/// What POST /chat/completions takes: everything that was said so far, for the server remembers
/// nothing. Metadata is not sent: it is only for completions that the server stores.
/// https://platform.openai.com/docs/api-reference/chat/create
std::string chatRequest(const Context& context, const Work& work);

}  // namespace edgerun::run
