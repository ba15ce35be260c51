#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/run/record.h"
#include "edgerun/run/tool_round.h"
#include "edgerun/text/json.h"

/// What Responses and Conversations answer, read without trust: nullopt is a body that is not
/// what the API promises. Unknown members, items and parts do not matter.
/// https://platform.openai.com/docs/api-reference/responses/object
namespace edgerun::run {

enum class ResponseState : std::uint8_t {
    Going,  ///< queued, in_progress
    Completed,
    Incomplete,
    Failed,
    Cancelled,
    Odd,  ///< a status that the API does not know
};

constexpr bool isOver(ResponseState state) {
    return state >= ResponseState::Completed && state <= ResponseState::Cancelled;
}

struct ResponseReply {
    ProviderId id;
    ResponseState state = ResponseState::Odd;
    Usage usage;
    std::string status;            ///< as it was written; not cleaned
    std::string incompleteReason;  ///< when Incomplete; [a-z_]
    std::string errorCode;         ///< when Failed; not cleaned
    std::string errorMessage;      ///< when Failed; not cleaned
    text::JsonPtr object;          ///< null when Going
};

/// A response object; the one of `id`, if that is not empty.
std::optional<ResponseReply> readResponse(std::string_view body, std::string_view id);

/// What the model wrote.
struct Output {
    std::optional<std::string> words;  ///< of its messages, refusals too; absent: it wrote none
    ToolRound round;                   ///< functions that it called and that have no output yet
    bool isSound = true;               ///< false: among them are malformed ones, or too many
    bool isCutShort = false;           ///< it says itself that a message is not whole
};

/// The other items become steps of `work`.
Output readOutput(const ResponseReply& response, const Work& work);

/// The id of a new conversation.
std::optional<ProviderId> readConversation(std::string_view body);

/// The id of the newest item of a conversation, of a page that begins with it; "" if it has none.
std::optional<std::string> readNewestItem(std::string_view body);

/// By what a job knows its own input among a conversation's items.
struct OwnInput {
    std::string_view query;  ///< a user message of this text is its own
    std::string_view after;  ///< but not this item, nor any before it
    bool isAll = false;      ///< every user message is its own: the conversation is
    ToolRound round;         ///< or outputs of these calls, if there are any
};

struct ItemsReply {
    bool isStarted = false;  ///< the input is there
    bool isOver = false;     ///< and what the model made of it
    text::JsonPtr page;
    std::vector<const json_t*> written;  ///< in the page, in the order of writing
};

/// What came of the input, by a page of items, newest first.
std::optional<ItemsReply> readItems(std::string_view body, const OwnInput& own);

/// The other items become steps of `work`.
Output readOutput(const ItemsReply& items, const Work& work);

/// The function calls of such a page that have no output: the conversation cannot go on.
std::optional<ToolRound> readPendingCalls(std::string_view body);

}  // namespace edgerun::run
