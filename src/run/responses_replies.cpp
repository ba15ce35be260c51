#include "edgerun/run/responses_replies.h"

#include <algorithm>

#include "edgerun/run/provider_id.h"
#include "edgerun/run/reply_json.h"
#include "edgerun/run/responses_output.h"
#include "edgerun/run/run_glance.h"
#include "edgerun/run/run_members.h"

namespace edgerun::run {
namespace {

constexpr std::size_t kDepth = 128;  // a response repeats the JSON schemas of its tools
constexpr std::size_t kValues = 200'000;

struct StateRow {
    std::string_view status;
    ResponseState state;
};

constexpr StateRow kStates[] = {
    {"queued", ResponseState::Going},        {"in_progress", ResponseState::Going},
    {"completed", ResponseState::Completed}, {"incomplete", ResponseState::Incomplete},
    {"failed", ResponseState::Failed},       {"cancelled", ResponseState::Cancelled},
};

text::JsonPtr parse(std::string_view body) {
    return parseReply(body, {body.size(), kDepth, kValues});
}

ResponseState stateOf(std::string_view status) {
    const auto* row = std::find_if(std::begin(kStates), std::end(kStates),
                                   [&](const StateRow& each) { return each.status == status; });
    return row == std::end(kStates) ? ResponseState::Odd : row->state;
}

Usage usageOf(const json_t* response) {
    const json_t* usage = json_object_get(response, "usage");
    return {tokensIn(usage, "input_tokens"), tokensIn(usage, "output_tokens"),
            tokensIn(usage, "total_tokens")};
}

std::optional<ResponseReply> responseOf(text::JsonPtr object, std::string_view wanted) {
    const std::optional<ProviderId> id = idOf(object.get());
    const auto status = text::stringMember(object.get(), "status");
    if (!id || !status || (!wanted.empty() && id->view() != wanted)) {
        return std::nullopt;
    }
    ResponseReply response;
    response.id = *id;
    response.state = stateOf(*status);
    response.status = *status;
    response.usage = usageOf(object.get());
    if (response.state == ResponseState::Incomplete) {
        response.incompleteReason = incompleteReasonOf(object.get());
    } else if (response.state == ResponseState::Failed) {
        const json_t* error = json_object_get(object.get(), "error");
        response.errorCode = text::stringMember(error, "code").value_or("");
        response.errorMessage = text::stringMember(error, "message").value_or("");
    }
    response.object = std::move(object);
    return response;
}

/// One that only goes on, which is what most polls find; nullopt for whatever needs a closer
/// look.
std::optional<ResponseReply> goingOneOf(std::string_view body, std::string_view wanted) {
    const std::optional<RunGlance> glance = glanceAtRun(body);
    if (!glance || stateOf(glance->status) != ResponseState::Going || !isProviderId(glance->id) ||
        (!wanted.empty() && glance->id != wanted)) {
        return std::nullopt;
    }
    ResponseReply response;
    response.id.assign(glance->id);
    response.state = ResponseState::Going;
    return response;
}

/// The objects of an array; nullopt if it is none.
std::optional<Items> itemsOf(const json_t* object, const char* name) {
    const json_t* array = json_object_get(object, name);
    if (!json_is_array(array)) {
        return std::nullopt;
    }
    Items items;
    items.reserve(json_array_size(array));
    for (std::size_t i = 0; i < json_array_size(array); ++i) {
        items.push_back(json_array_get(array, i));
    }
    return items;
}

bool isInput(const json_t* item) {
    const auto type = text::stringMember(item, "type");
    return type == "function_call_output" ||
           (type == "message" && text::stringMember(item, "role") != "assistant");
}

bool isUserText(const json_t* item, std::string_view query) {
    std::string words;
    const json_t* content = json_object_get(item, "content");
    if (json_is_string(content)) {
        words = text::stringOf(content);
    }
    for (std::size_t i = 0; i < json_array_size(content); ++i) {
        words += text::stringMember(json_array_get(content, i), "text").value_or("");
    }
    return words == query;
}

bool isOwn(const json_t* item, const OwnInput& own) {
    const auto callId = text::stringMember(item, "call_id");
    if (!own.round.calls.empty()) {
        return callId && std::any_of(own.round.calls.begin(), own.round.calls.end(),
                                     [&](const FunctionCall& call) { return call.id == *callId; });
    }
    return text::stringMember(item, "role") == "user" && (own.isAll || isUserText(item, own.query));
}

/// Does it end a response? Reasoning and built-in tools come before that.
bool isClosing(const json_t* item) {
    const auto type = text::stringMember(item, "type");
    return (type == "message" || type == "function_call") &&
           text::stringMember(item, "status") != "in_progress";
}

}  // namespace

std::optional<ResponseReply> readResponse(std::string_view body, std::string_view id) {
    std::optional<ResponseReply> going = goingOneOf(body, id);
    return going ? std::move(going) : responseOf(parse(body), id);
}

Output readOutput(const ResponseReply& response, const Work& work) {
    return outputOf(itemsOf(response.object.get(), "output").value_or(Items()), work);
}

std::optional<ProviderId> readConversation(std::string_view body) {
    return idOf(parse(body).get());
}

std::optional<std::string> readNewestItem(std::string_view body) {
    const text::JsonPtr page = parse(body);
    const std::optional<Items> items = itemsOf(page.get(), "data");
    if (!items || items->empty()) {
        return items ? std::optional(std::string()) : std::nullopt;
    }
    const std::optional<ProviderId> id = idOf(items->front());
    return id ? std::optional(std::string(id->view())) : std::nullopt;
}

std::optional<ItemsReply> readItems(std::string_view body, const OwnInput& own) {
    ItemsReply reply;
    reply.page = parse(body);
    const std::optional<Items> items = itemsOf(reply.page.get(), "data");
    if (!items) {
        return std::nullopt;
    }
    Items& written = reply.written;
    for (const json_t* item : *items) {
        if (!own.after.empty() && text::stringMember(item, "id") == own.after) {
            break;
        }
        reply.isStarted = isInput(item) && isOwn(item, own);
        if (reply.isStarted) {
            break;
        }
        if (isInput(item)) {
            written.clear();  // of what somebody else asked later
        } else {
            written.push_back(item);
        }
    }
    if (own.isAll && own.round.calls.empty() && !written.empty()) {
        reply.isStarted = true;  // by an input that so many items followed that a page ends
    }
    reply.isOver = reply.isStarted && std::any_of(written.begin(), written.end(), isClosing);
    std::reverse(written.begin(), written.end());
    return reply;
}

Output readOutput(const ItemsReply& items, const Work& work) {
    return outputOf(items.written, work);
}

std::optional<ToolRound> readPendingCalls(std::string_view body) {
    const text::JsonPtr page = parse(body);
    const std::optional<Items> items = itemsOf(page.get(), "data");
    if (!items) {
        return std::nullopt;
    }
    bool isSound = true;
    return pendingCallsOf(*items, isSound);
}

}  // namespace edgerun::run
