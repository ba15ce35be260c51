#include "edgerun/run/chat_reply.h"

#include <algorithm>
#include <iterator>

#include "edgerun/run/provider_id.h"
#include "edgerun/run/reply_json.h"
#include "edgerun/run/run_members.h"
#include "edgerun/text/json.h"

namespace edgerun::run {
namespace {

constexpr std::size_t kDepth = 128;

struct ReasonRow {
    std::string_view finishReason;
    std::string_view incompleteReason;
};

/// Every other reason, or none, says no more than the message does: old servers say "stop" where
/// tools are called.
constexpr ReasonRow kReasons[] = {
    {"length", "max_completion_tokens"},
    {"max_tokens", "max_completion_tokens"},
    {"content_filter", "content_filter"},
};

text::JsonPtr parse(std::string_view body) {
    return parseReply(body, {body.size(), kDepth});
}

std::string_view incompleteReasonOf(std::string_view finishReason) {
    const auto* row =
        std::find_if(std::begin(kReasons), std::end(kReasons),
                     [&](const ReasonRow& each) { return each.finishReason == finishReason; });
    return row == std::end(kReasons) ? std::string_view() : row->incompleteReason;
}

Usage usageOf(const json_t* reply) {
    const json_t* object = json_object_get(reply, "usage");
    Usage usage{tokensIn(object, "prompt_tokens"), tokensIn(object, "completion_tokens"),
                tokensIn(object, "total_tokens")};
    if (usage.total < 0 && usage.prompt >= 0 && usage.completion >= 0) {
        usage.total = sumOf(usage.prompt, usage.completion);
    }
    return usage;
}

/// Parts are pieces of one text. Images, sounds and thoughts are left out.
std::string textOfParts(const json_t* parts) {
    std::string text;
    for (std::size_t i = 0; i < json_array_size(parts); ++i) {
        const json_t* part = json_array_get(parts, i);
        for (const char* type : {"text", "refusal"}) {
            if (text::stringMember(part, "type") == type) {
                text += text::stringMember(part, type).value_or("");
            }
        }
    }
    return text;
}

std::string textOf(const json_t* message) {
    const json_t* content = json_object_get(message, "content");
    std::string text =
        json_is_array(content) ? textOfParts(content) : std::string(text::stringOf(content));
    if (text.empty()) {
        text = text::stringMember(message, "refusal").value_or("");
    }
    return text;
}

/// A function without parameters is called with "{}", with nothing, or with an object as it is.
std::optional<std::string> argumentsOf(const json_t* function) {
    const json_t* arguments = json_object_get(function, "arguments");
    if (arguments == nullptr || json_is_null(arguments) ||
        (json_is_string(arguments) && json_string_length(arguments) == 0)) {
        return "{}";
    }
    if (json_is_object(arguments)) {
        return text::dumpJson(arguments);
    }
    return json_is_string(arguments) ? std::optional(std::string(text::stringOf(arguments)))
                                     : std::nullopt;
}

/// The server's own, or one that is the same in all places where edgerun names the call.
std::string idOfCall(const json_t* call, ToolRound& round, unsigned number) {
    const auto given = text::stringMember(call, "id");
    if (given && isProviderId(*given) && round.callOf(*given) == nullptr) {
        return std::string(*given);
    }
    return "call_" + std::to_string(number) + "_" + std::to_string(round.calls.size() + 1);
}

bool addCall(ToolRound& round, const json_t* call, unsigned number) {
    const json_t* function = json_object_get(call, "function");
    const auto name = text::stringMember(function, "name");
    const auto arguments = argumentsOf(function);
    return name && arguments && addCall(round, idOfCall(call, round, number), *name, *arguments);
}

void readCalls(ChatReply& reply, const json_t* calls, unsigned number) {
    reply.end = ChatEnd::CallsTools;
    for (std::size_t i = 0; i < json_array_size(calls); ++i) {
        if (!addCall(reply.calls, json_array_get(calls, i), number)) {
            reply.end = ChatEnd::BadCalls;
            return;
        }
    }
}

void readEnd(ChatReply& reply, const json_t* choice, unsigned round) {
    const json_t* message = json_object_get(choice, "message");
    const json_t* calls = json_object_get(message, "tool_calls");
    const auto reason = text::stringMember(choice, "finish_reason").value_or("");
    if (json_array_size(calls) > 0) {
        return readCalls(reply, calls, round);
    }
    if (reason == "function_call" || json_is_object(json_object_get(message, "function_call"))) {
        reply.end = ChatEnd::OldCall;
    } else if (reason == "error") {
        reply.end = ChatEnd::Failed;
        reply.errorMessage =
            text::stringMember(json_object_get(choice, "error"), "message").value_or("");
    } else {
        reply.incompleteReason = incompleteReasonOf(reason);
    }
}

}  // namespace

std::optional<ChatReply> readChatReply(std::string_view body, unsigned round) {
    const text::JsonPtr object = parse(body);
    const json_t* choice = json_array_get(json_object_get(object.get(), "choices"), 0);
    const json_t* message = json_object_get(choice, "message");
    if (!json_is_object(message)) {
        return std::nullopt;
    }
    ChatReply reply;
    reply.id = idOf(object.get()).value_or(ProviderId());
    reply.usage = usageOf(object.get());
    reply.text = textOf(message);
    readEnd(reply, choice, round);
    return reply;
}

std::optional<int> errorStatusIn(std::string_view body) {
    const text::JsonPtr object = parse(body);
    const json_t* error = json_object_get(object.get(), "error");
    if (!json_is_object(error) && !json_is_string(error)) {
        return std::nullopt;
    }
    const std::int64_t code = text::integerMember(error, "code").value_or(0);
    return code >= 400 && code <= 599 ? static_cast<int>(code) : 200;
}

}  // namespace edgerun::run
