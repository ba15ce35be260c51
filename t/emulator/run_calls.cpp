#include <algorithm>

#include "assistant_calls.h"
#include "list_page.h"
#include "render.h"
#include "run_life.h"
#include "step_calls.h"
#include "thread_calls.h"
#include "tool_schema.h"

namespace emulator {

namespace {

// A poll interval hint goes with every run that is not final.
Reply runReply(const CallContext& context, Run& run) {
    Reply reply;
    reply.body = run.json;
    const std::int64_t hint = run.script.pollAfterMs.value_or(context.settings.pollAfterMs);
    if (hint > 0 && !isFinal(run.status)) {
        reply.headers.emplace_back("openai-poll-after-ms", std::to_string(hint));
    }
    return reply;
}

void noteSeen(Run& run, std::int64_t nowMs) {
    if (run.firstSeenFinalMs == 0 && isFinal(run.status)) {
        run.firstSeenFinalMs = nowMs;
    }
}

const json_t* memberOf(const json_t* object, const char* name) {
    const json_t* value = json_object_get(object, name);
    return value == nullptr || json_is_null(value) ? nullptr : value;
}

// What a run is given comes before what its assistant has.
class RunMembers {
public:
    RunMembers(const json_t* body, const Assistant& assistant)
        : body_(body), assistant_(assistant.members.get()) {}

    const json_t* find(const char* name) const {
        const json_t* own = memberOf(body_, name);
        return own == nullptr ? memberOf(assistant_, name) : own;
    }
    std::string own(const char* name, std::string_view otherwise) const {
        return dumpJson(memberOf(body_, name), otherwise);
    }
    std::string either(const char* name, std::string_view otherwise) const {
        return dumpJson(find(name), otherwise);
    }
    std::string instructions() const {
        std::string text(stringOf(find("instructions")));
        const std::string_view more = stringOf(memberOf(body_, "additional_instructions"));
        text += text.empty() || more.empty() ? "" : "\n";
        return jsonString(text.append(more));
    }

private:
    const json_t* body_;
    const json_t* assistant_;
};

RunEcho readEcho(const RunMembers& members) {
    RunEcho echo;
    echo.model = members.either("model", "\"gpt-4o\"");
    echo.instructions = members.instructions();
    echo.tools = members.either("tools", "[]");
    echo.metadata = members.own("metadata", "{}");
    echo.maxPromptTokens = members.own("max_prompt_tokens", "null");
    echo.maxCompletionTokens = members.own("max_completion_tokens", "null");
    echo.truncationStrategy =
        members.own("truncation_strategy", R"({"type":"auto","last_messages":null})");
    echo.toolChoice = members.own("tool_choice", "\"auto\"");
    echo.parallelToolCalls = members.own("parallel_tool_calls", "true");
    echo.responseFormat = members.either("response_format", "\"auto\"");
    echo.temperature = members.either("temperature", "1.0");
    echo.topP = members.either("top_p", "1.0");
    return echo;
}

std::optional<ApiError> refuseStream(const json_t* body) {
    if (json_is_true(json_object_get(body, "stream"))) {
        return refusal::unsupportedValue("stream", "true", "'false' (in this emulator)");
    }
    return std::nullopt;
}

std::variant<Assistant*, ApiError> assistantOf(const CallContext& context) {
    const std::string id(stringOf(context.body.get(), "assistant_id"));
    if (id.compare(0, 5, "asst_") != 0) {
        return refusal::malformedId("assistant_id", id, "asst");
    }
    Assistant* assistant = findAssistant(context.world, context.settings, id);
    if (assistant == nullptr) {
        return refusal::notFound("assistant", id);
    }
    return assistant;
}

std::optional<ApiError> checkRunStart(const CallContext& context, const RunMembers& members) {
    const json_t* body = context.body.get();
    if (auto error = readIncludes(context.query).error) {
        return error;
    }
    if (auto error = checkTools(json_object_get(body, "tools"), ToolKinds::kAll)) {
        return error;
    }
    const json_t* choice = json_object_get(body, "tool_choice");
    if (auto error = checkToolChoice(choice, members.find("tools"), ToolKinds::kAll)) {
        return error;
    }
    if (auto error = checkResponseFormat(json_object_get(body, "response_format"), true)) {
        return error;
    }
    return refuseStream(body);
}

std::string quotedIds(std::vector<std::string> ids) {
    std::sort(ids.begin(), ids.end());
    std::string text;
    for (const std::string& id : ids) {
        text += (text.empty() ? "'" : ", '") + id + "'";
    }
    return text;
}

std::optional<ApiError> takeOutputs(std::vector<ToolCall>& calls, const json_t* outputs) {
    std::vector<std::string> expected;
    std::vector<std::string> got;
    expected.reserve(calls.size());
    for (const ToolCall& call : calls) {
        expected.push_back(call.id);
    }
    for (std::size_t i = 0; i < json_array_size(outputs); ++i) {
        const json_t* output = json_array_get(outputs, i);
        got.emplace_back(json_string_value(json_object_get(output, "tool_call_id")));
    }
    if (quotedIds(expected) != quotedIds(got)) {
        return refusal::wrongToolOutputs(quotedIds(expected), quotedIds(got));
    }
    for (ToolCall& call : calls) {
        const auto at = std::find(got.begin(), got.end(), call.id) - got.begin();
        const json_t* output = json_array_get(outputs, static_cast<std::size_t>(at));
        call.output = json_string_value(json_object_get(output, "output"));
    }
    return std::nullopt;
}

}  // namespace

std::variant<Run*, ApiError> runOf(CallContext& context) {
    auto found = threadOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    const std::string& id = context.ids[1];
    if (id.compare(0, 4, "run_") != 0) {
        return refusal::malformedId("run_id", id, "run");
    }
    Run* run = context.world.findRun(*std::get<Thread*>(found), id);
    if (run == nullptr) {
        return refusal::notFound("run", id);
    }
    settleRun(context.world, *run, context.nowMs);
    return run;
}

CallResult createRun(CallContext& context) {
    auto found = threadOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    auto assistant = assistantOf(context);
    if (auto* error = std::get_if<ApiError>(&assistant)) {
        return std::move(*error);
    }
    const json_t* body = context.body.get();
    const RunMembers members(body, *std::get<Assistant*>(assistant));
    if (auto error = checkRunStart(context, members)) {
        return std::move(*error);
    }
    Thread& thread = *std::get<Thread*>(found);
    if (const Run* active = activeRun(thread)) {
        return refusal::threadHasActiveRun(thread.id, active->id);
    }
    const json_t* messages = json_object_get(body, "additional_messages");
    for (std::size_t i = 0; i < json_array_size(messages); ++i) {
        appendMessage(context, thread, json_array_get(messages, i));
    }
    Run& run = context.world.addRun(thread);
    run.assistantId = std::get<Assistant*>(assistant)->id;
    const json_t* job = json_object_get(json_object_get(body, "metadata"), "edgerun_job");
    run.job = job == nullptr ? "" : json_string_value(job);
    run.echo = readEcho(members);
    run.script = readScript(thread.lastQuestion, context.settings.answer);
    beginRun(context.world, context.settings, run, context.nowMs);
    return runReply(context, run);
}

CallResult listRuns(CallContext& context) {
    auto found = threadOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    auto query = readListQuery(context.query);
    if (auto* error = std::get_if<ApiError>(&query)) {
        return std::move(*error);
    }
    std::vector<ListItem> items;
    for (Run* run : std::get<Thread*>(found)->runs) {
        noteSeen(*run, context.nowMs);
        items.push_back({run->id, run->json});
    }
    return renderPage(items, std::get<ListQuery>(query), "run");
}

CallResult pollRun(CallContext& context) {
    auto found = runOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    Run& run = *std::get<Run*>(found);
    noteSeen(run, context.nowMs);
    Reply reply = runReply(context, run);
    if (run.script.isGarbage && isFinal(run.status)) {
        reply.body.resize(reply.body.size() / 2);
    }
    return reply;
}

CallResult cancelRunCall(CallContext& context) {
    auto found = runOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    Run& run = *std::get<Run*>(found);
    if (isFinal(run.status) || run.status == RunStatus::kCancelling) {
        return refusal::cannotCancel(statusWord(run));
    }
    cancelRun(context.settings, run, context.nowMs);
    return runReply(context, run);
}

CallResult submitToolOutputs(CallContext& context) {
    auto found = runOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    Run& run = *std::get<Run*>(found);
    if (run.status != RunStatus::kRequiresAction) {
        return refusal::refusesToolOutputs(statusWord(run));
    }
    if (auto error = refuseStream(context.body.get())) {
        return std::move(*error);
    }
    const json_t* outputs = json_object_get(context.body.get(), "tool_outputs");
    if (auto error = takeOutputs(run.steps.back().calls, outputs)) {
        return std::move(*error);
    }
    resumeRun(context.world, context.settings, run, context.nowMs);
    return runReply(context, run);
}

}  // namespace emulator
