#include "calls.h"

#include <set>

#include "clock.h"
#include "thread_calls.h"

namespace emulator {

namespace {

using Refusal = std::optional<ApiError>;

constexpr std::string_view kPrefix = "/v1";
constexpr std::string_view kListQuery = " limit order after before ";
constexpr std::string_view kMessagesQuery = " limit order after before run_id ";
constexpr std::string_view kIncludeQuery = " include[] ";
constexpr std::string_view kStepsQuery = " limit order after before include[] ";
constexpr auto kNone = BodyRule::kNone;
constexpr auto kOptional = BodyRule::kOptional;
constexpr auto kRequired = BodyRule::kRequired;

constexpr CallRow kCalls[] = {
    {"create_thread", "POST", "/threads", kOptional, &kCreateThreadShape, "", createThread},
    {"get_thread", "GET", "/threads/*", kNone, nullptr, "", getThread},
    {"delete_thread", "DELETE", "/threads/*", kNone, nullptr, "", deleteThread},
    {"add_message", "POST", "/threads/*/messages", kRequired, &kCreateMessageShape, "", addMessage},
    {"list_messages", "GET", "/threads/*/messages", kNone, nullptr, kMessagesQuery, listMessages},
    {"get_message", "GET", "/threads/*/messages/*", kNone, nullptr, "", getMessage},
    {"create_run", "POST", "/threads/*/runs", kRequired, &kCreateRunShape, kIncludeQuery,
     createRun},
    {"list_runs", "GET", "/threads/*/runs", kNone, nullptr, kListQuery, listRuns},
    {"poll_run", "GET", "/threads/*/runs/*", kNone, nullptr, "", pollRun},
    {"cancel_run", "POST", "/threads/*/runs/*/cancel", kOptional, &kEmptyShape, "", cancelRunCall},
    {"submit_tool_outputs", "POST", "/threads/*/runs/*/submit_tool_outputs", kRequired,
     &kSubmitToolOutputsShape, "", submitToolOutputs},
    {"list_steps", "GET", "/threads/*/runs/*/steps", kNone, nullptr, kStepsQuery, listSteps},
    {"get_assistant", "GET", "/assistants/*", kNone, nullptr, "", getAssistant},
};

std::string_view takeSegment(std::string_view& path) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    return segment;
}

bool matches(std::string_view pattern, std::string_view path, std::array<std::string, 2>& ids) {
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

Refusal checkKey(const Request& request, const Settings& settings) {
    constexpr std::string_view kScheme = "Bearer ";
    const std::string_view value = request.header("authorization");
    if (value.substr(0, kScheme.size()) != kScheme || request.countHeader("authorization") != 1) {
        return refusal::noKey();
    }
    const std::string_view key = value.substr(kScheme.size());
    return settings.keys.find(key) == settings.keys.end() ? Refusal(refusal::badKey(key))
                                                          : std::nullopt;
}

Refusal checkQuery(const CallRow& row, const Pairs& query) {
    std::set<std::string_view> seen;
    for (const auto& [name, value] : query) {
        const std::string spaced = " " + name + " ";
        if (name.find(' ') != std::string::npos ||
            row.queryNames.find(spaced) == std::string_view::npos) {
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

Refusal admit(const CallRow& row, CallContext& context) {
    if (auto error = checkKey(context.request, context.settings)) {
        return error;
    }
    if (context.request.header("openai-beta") != "assistants=v2") {
        return refusal::noBeta();
    }
    if (auto error = checkQuery(row, context.query)) {
        return error;
    }
    return readBody(row, context);
}

}  // namespace

CallTable callTable() {
    return {kCalls, sizeof kCalls / sizeof kCalls[0]};
}

Route findRoute(std::string_view method, std::string_view path) {
    Route route;
    if (path.substr(0, kPrefix.size()) != kPrefix) {
        return route;
    }
    path.remove_prefix(kPrefix.size());
    for (const CallRow& row : kCalls) {
        if (!path.empty() && path[0] == '/' && matches(row.pattern, path, route.ids)) {
            route.isKnownPath = true;
            if (row.method == method) {
                route.row = &row;
                route.index = static_cast<std::size_t>(&row - kCalls);
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
