#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edgerun/run/record.h"
#include "edgerun/run/tool_round.h"

/// The response of chat completions, read without trust. Servers differ: usage, ids and
/// finish_reason may be absent, content may be text or parts, arguments text or an object.
/// https://platform.openai.com/docs/api-reference/chat/object
namespace edgerun::run {

enum class ChatEnd : std::uint8_t {
    Answered,  ///< with text, or with nothing at all
    CallsTools,
    BadCalls,  ///< it calls tools, but malformed or too many
    OldCall,   ///< message.function_call, which was there before tools
    Failed,    ///< half-way, as some routers say
};

struct ChatReply {
    ChatEnd end = ChatEnd::Answered;
    ProviderId id;  ///< or empty
    Usage usage;
    std::string text;              ///< of the answer or the refusal; or empty
    ToolRound calls;               ///< when CallsTools; every id is a provider id
    std::string incompleteReason;  ///< as other dialects name it, or empty
    std::string errorMessage;      ///< when Failed; not cleaned
};

/// `round` is the how-manieth of the job: calls without a usable id are named by it. Nullopt
/// where the body has no first choice with a message.
std::optional<ChatReply> readChatReply(std::string_view body, unsigned round);

/// The HTTP status that a 200 with {"error"} instead of choices means: error.code where that is
/// one, else 200. Nullopt where there is no error.
std::optional<int> errorStatusIn(std::string_view body);

}  // namespace edgerun::run
