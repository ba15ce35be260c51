#include "calls.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "assistant_calls.h"
#include "chat_calls.h"
#include "chat_request.h"
#include "clock.h"
#include "response_calls.h"
#include "response_schema.h"
#include "step_calls.h"
#include "thread_calls.h"
#include "thread_shapes.h"
#include "tool_endpoint.h"

namespace emulator {

namespace {

using Refusal = std::optional<ApiError>;

constexpr std::string_view kListQuery = " limit order after before ";
constexpr std::string_view kMessagesQuery = " limit order after before run_id ";
constexpr std::string_view kIncludeQuery = " include[] ";
constexpr std::string_view kItemsQuery = " limit order after include[] ";
constexpr std::string_view kStepsQuery = " limit order after before include[] ";
constexpr auto kNone = BodyRule::kNone;
constexpr auto kOptional = BodyRule::kOptional;
constexpr auto kRequired = BodyRule::kRequired;

constexpr CallRow kCalls[] = {
    {"create_thread", Door::kBeta, "POST", "/threads", kOptional, &kCreateThreadShape, "",
     createThread},
    {"get_thread", Door::kBeta, "GET", "/threads/*", kNone, nullptr, "", getThread},
    {"delete_thread", Door::kBeta, "DELETE", "/threads/*", kNone, nullptr, "", deleteThread},
    {"add_message", Door::kBeta, "POST", "/threads/*/messages", kRequired, &kCreateMessageShape, "",
     addMessage},
    {"list_messages", Door::kBeta, "GET", "/threads/*/messages", kNone, nullptr, kMessagesQuery,
     listMessages},
    {"get_message", Door::kBeta, "GET", "/threads/*/messages/*", kNone, nullptr, "", getMessage},
    {"create_run", Door::kBeta, "POST", "/threads/*/runs", kRequired, &kCreateRunShape,
     kIncludeQuery, createRun},
    {"list_runs", Door::kBeta, "GET", "/threads/*/runs", kNone, nullptr, kListQuery, listRuns},
    {"poll_run", Door::kBeta, "GET", "/threads/*/runs/*", kNone, nullptr, "", pollRun},
    {"cancel_run", Door::kBeta, "POST", "/threads/*/runs/*/cancel", kOptional, &kEmptyShape, "",
     cancelRunCall},
    {"submit_tool_outputs", Door::kBeta, "POST", "/threads/*/runs/*/submit_tool_outputs", kRequired,
     &kSubmitToolOutputsShape, "", submitToolOutputs},
    {"list_steps", Door::kBeta, "GET", "/threads/*/runs/*/steps", kNone, nullptr, kStepsQuery,
     listSteps},
    {"get_step", Door::kBeta, "GET", "/threads/*/runs/*/steps/*", kNone, nullptr, kIncludeQuery,
     getStep},
    {"create_completion", Door::kKey, "POST", "/chat/completions", kRequired,
     &kCreateCompletionShape, "", createCompletion},
    {"tool", Door::kOpen, "POST", "/tools/*", kRequired, &kToolCallShape, "", callTool},
    {"create_assistant", Door::kBeta, "POST", "/assistants", kRequired, &kCreateAssistantShape, "",
     createAssistant},
    {"list_assistants", Door::kBeta, "GET", "/assistants", kNone, nullptr, kListQuery,
     listAssistants},
    {"get_assistant", Door::kBeta, "GET", "/assistants/*", kNone, nullptr, "", getAssistant},
    {"update_assistant", Door::kBeta, "POST", "/assistants/*", kRequired, &kUpdateAssistantShape,
     "", updateAssistant},
    {"delete_assistant", Door::kBeta, "DELETE", "/assistants/*", kNone, nullptr, "",
     deleteAssistant},
    {"create_response", Door::kKey, "POST", "/responses", kRequired, &kCreateResponseShape, "",
     createResponse},
    {"poll_response", Door::kKey, "GET", "/responses/*", kNone, nullptr, kIncludeQuery,
     pollResponse},
    {"cancel_response", Door::kKey, "POST", "/responses/*/cancel", kOptional, &kEmptyShape, "",
     cancelResponseCall},
    {"delete_response", Door::kKey, "DELETE", "/responses/*", kNone, nullptr, "", deleteResponse},
    {"list_input_items", Door::kKey, "GET", "/responses/*/input_items", kNone, nullptr, kItemsQuery,
     listInputItems},
    {"create_conversation", Door::kKey, "POST", "/conversations", kOptional,
     &kCreateConversationShape, "", createConversation},
    {"get_conversation", Door::kKey, "GET", "/conversations/*", kNone, nullptr, "",
     getConversation},
    {"update_conversation", Door::kKey, "POST", "/conversations/*", kRequired,
     &kUpdateConversationShape, "", updateConversation},
    {"delete_conversation", Door::kKey, "DELETE", "/conversations/*", kNone, nullptr, "",
     deleteConversation},
    {"create_items", Door::kKey, "POST", "/conversations/*/items", kRequired, &kCreateItemsShape,
     kIncludeQuery, createItems},
    {"list_items", Door::kKey, "GET", "/conversations/*/items", kNone, nullptr, kItemsQuery,
     listItems},
    {"get_item", Door::kKey, "GET", "/conversations/*/items/*", kNone, nullptr, kIncludeQuery,
     getItem},
    {"delete_item", Door::kKey, "DELETE", "/conversations/*/items/*", kNone, nullptr, "",
     deleteItem},
};

std::string_view takeSegment(std::string_view& path) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    return segment;
}

bool matches(std::string_view pattern, std::string_view path, PathIds& ids) {
    std::size_t count = 0;
    while (!pattern.empty() && !path.empty()) {
        const std::string_view wanted = takeSegment(pattern);
        const std::string_view segment = takeSegment(path);
        if (wanted == "*" && !segment.empty()) {
            ids[count++] = segment;
        } else if (wanted != segment) {
            return false;
        }
    }
    return pattern.empty() && path.empty();
}

// Azure's way: the bare key in a header of its own.
Refusal checkKeyHeader(const Request& request, const Settings& settings) {
    const std::string_view key = request.header(settings.keyHeader);
    const bool isKnown = settings.keys.find(key) != settings.keys.end() &&
                         request.countHeader(settings.keyHeader) == 1;
    return isKnown ? std::nullopt : Refusal(refusal::accessDenied());
}

Refusal checkKey(const Request& request, const Settings& settings) {
    if (!settings.keyHeader.empty()) {
        return checkKeyHeader(request, settings);
    }
    constexpr std::string_view kScheme = "Bearer ";
    const std::string_view value = request.header("authorization");
    if (value.substr(0, kScheme.size()) != kScheme || request.countHeader("authorization") != 1) {
        return refusal::noKey();
    }
    const std::string_view key = value.substr(kScheme.size());
    return settings.keys.find(key) == settings.keys.end() ? Refusal(refusal::badKey(key))
                                                          : std::nullopt;
}

const std::string* findValue(const Pairs& pairs, std::string_view name) {
    const auto found = std::find_if(pairs.begin(), pairs.end(),
                                    [name](const auto& pair) { return pair.first == name; });
    return found == pairs.end() ? nullptr : &found->second;
}

Refusal checkRequiredQuery(const Settings& settings, const Pairs& query) {
    for (const auto& [name, wanted] : settings.requiredQuery) {
        const std::string* value = findValue(query, name);
        if (value == nullptr) {
            return refusal::missingQuery(name);
        }
        if (*value != wanted) {
            return refusal::unsupportedQuery(name);
        }
    }
    return std::nullopt;
}

Refusal checkQuery(const CallRow& row, const Settings& settings, const Pairs& query) {
    std::set<std::string_view> seen;
    for (const auto& [name, value] : query) {
        const std::string spaced = " " + name + " ";
        const bool isOfCall = name.find(' ') == std::string::npos &&
                              row.queryNames.find(spaced) != std::string_view::npos;
        if (!isOfCall && findValue(settings.requiredQuery, name) == nullptr) {
            return refusal::unknownParameter(name);
        }
        if (!seen.insert(name).second && name != "include[]") {
            return refusal::duplicateParameter(name);
        }
    }
    return std::nullopt;
}

bool isJsonType(std::string_view contentType) {
    constexpr std::string_view kJson = "application/json";
    const std::string_view rest = contentType.substr(std::min(kJson.size(), contentType.size()));
    return contentType.substr(0, kJson.size()) == kJson &&
           (rest.empty() || rest[0] == ';' || rest[0] == ' ');
}

Refusal readBody(const CallRow& row, CallContext& context) {
    const Request& request = context.request;
    if (row.bodyRule == BodyRule::kNone) {
        return request.body.empty() ? std::nullopt
                                    : Refusal(refusal::unexpectedBody(request.method));
    }
    const bool isAbsent = request.body.empty() && row.bodyRule == BodyRule::kOptional;
    if (!isAbsent && !isJsonType(request.header("content-type"))) {
        return refusal::wrongContentType(request.header("content-type"));
    }
    context.body = parseJson(isAbsent ? "{}" : std::string_view(request.body));
    if (!json_is_object(context.body.get())) {
        return refusal::notJson();
    }
    return checkShape(context.body.get(), *row.shape);
}

// A server that is versioned by its query (Azure) knows no OpenAI-Beta.
bool lacksBeta(const CallContext& context) {
    return context.settings.requiredQuery.empty() &&
           context.request.header("openai-beta") != "assistants=v2";
}

Refusal checkDoor(const CallRow& row, const CallContext& context) {
    if (row.door == Door::kOpen) {
        return std::nullopt;
    }
    if (auto error = checkKey(context.request, context.settings)) {
        return error;
    }
    if (row.door == Door::kBeta && lacksBeta(context)) {
        return refusal::noBeta();
    }
    return checkRequiredQuery(context.settings, context.query);
}

Refusal admit(const CallRow& row, CallContext& context) {
    if (auto error = checkDoor(row, context)) {
        return error;
    }
    if (auto error = checkQuery(row, context.settings, context.query)) {
        return error;
    }
    return readBody(row, context);
}

// The path of a call as the table has it; empty when it is none of the API.
std::string_view apiPath(const Settings& settings, std::string_view path) {
    const std::string_view prefix = settings.prefix;
    const bool isApi = path.substr(0, prefix.size()) == prefix;
    return isApi ? path.substr(prefix.size()) : std::string_view();
}

}  // namespace

bool isCallName(std::string_view name) {
    return std::any_of(std::begin(kCalls), std::end(kCalls),
                       [name](const CallRow& row) { return row.name == name; });
}

Route findRoute(const Settings& settings, std::string_view method, std::string_view path) {
    Route route;
    const std::string_view inside = apiPath(settings, path);
    for (const CallRow& row : kCalls) {
        const std::string_view own = row.door == Door::kOpen ? path : inside;
        if (!own.empty() && own[0] == '/' && matches(row.pattern, own, route.ids)) {
            route.isKnownPath = true;
            if (row.method == method) {
                route.row = &row;
                return route;
            }
        }
    }
    return route;
}

Reply performCall(World& world, const Settings& settings, const Request& request,
                  const Route& route) {
    if (route.row == nullptr) {
        return errorReply(route.isKnownPath ? refusal::wrongMethod(request.method, request.path)
                                            : refusal::unknownUrl(request.method, request.path));
    }
    if (settings.lacks.find(route.row->name) != settings.lacks.end()) {
        return errorReply(refusal::unknownUrl(request.method, request.path));
    }
    CallContext context{world,  settings, request, nowMs(), route.ids, parseQuery(request.query),
                        nullptr};
    if (const auto error = admit(*route.row, context)) {
        return errorReply(*error);
    }
    CallResult result = route.row->perform(context);
    if (const auto* error = std::get_if<ApiError>(&result)) {
        return errorReply(*error);
    }
    return std::move(std::get<Reply>(result));
}

}  // namespace emulator
