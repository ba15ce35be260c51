#include <algorithm>

#include "list_page.h"
#include "render.h"
#include "run_life.h"
#include "thread_calls.h"

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

std::string given(const json_t* body, const char* name, std::string_view otherwise) {
    const json_t* value = json_object_get(body, name);
    return value == nullptr || json_is_null(value) ? std::string(otherwise) : dumpJson(value);
}

std::string effectiveInstructions(const json_t* body) {
    std::string text;
    for (const char* name : {"instructions", "additional_instructions"}) {
        const json_t* part = json_object_get(body, name);
        if (json_is_string(part)) {
            text += (text.empty() ? "" : "\n") + std::string(json_string_value(part));
        }
    }
    return jsonString(text);
}

RunEcho readEcho(const json_t* body) {
    RunEcho echo;
    echo.model = given(body, "model", "\"gpt-4o\"");
    echo.instructions = effectiveInstructions(body);
    echo.tools = given(body, "tools", "[]");
    echo.metadata = given(body, "metadata", "{}");
    echo.maxPromptTokens = given(body, "max_prompt_tokens", "null");
    echo.maxCompletionTokens = given(body, "max_completion_tokens", "null");
    echo.truncationStrategy =
        given(body, "truncation_strategy", R"({"type":"auto","last_messages":null})");
    echo.toolChoice = given(body, "tool_choice", "\"auto\"");
    echo.parallelToolCalls = given(body, "parallel_tool_calls", "true");
    echo.responseFormat = given(body, "response_format", "\"auto\"");
    echo.temperature = given(body, "temperature", "1.0");
    echo.topP = given(body, "top_p", "1.0");
    return echo;
}

std::optional<ApiError> checkRunStart(const CallContext& context, const Thread& thread) {
    const json_t* body = context.body.get();
    const std::string assistant = json_string_value(json_object_get(body, "assistant_id"));
    if (assistant.compare(0, 5, "asst_") != 0) {
        return refusal::malformedId("assistant_id", assistant, "asst");
    }
    if (context.settings.assistants.count(assistant) == 0) {
        return refusal::notFound("assistant", assistant);
    }
    if (json_is_true(json_object_get(body, "stream"))) {
        return refusal::unsupportedValue("stream", "true", "'false' (in this emulator)");
    }
    if (const Run* run = activeRun(thread)) {
        return refusal::threadHasActiveRun(thread.id, run->id);
    }
    return std::nullopt;
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

CallResult createRun(CallContext& context) {
    auto found = threadOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    Thread& thread = *std::get<Thread*>(found);
    if (auto error = checkRunStart(context, thread)) {
        return std::move(*error);
    }
    const json_t* body = context.body.get();
    const json_t* messages = json_object_get(body, "additional_messages");
    for (std::size_t i = 0; i < json_array_size(messages); ++i) {
        appendMessage(context, thread, json_array_get(messages, i));
    }
    Run& run = context.world.addRun(thread);
    run.assistantId = json_string_value(json_object_get(body, "assistant_id"));
    const json_t* job = json_object_get(json_object_get(body, "metadata"), "edgerun_job");
    run.job = job == nullptr ? "" : json_string_value(job);
    run.echo = readEcho(body);
    run.script = readScript(thread.lastQuestion);
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
    const json_t* outputs = json_object_get(context.body.get(), "tool_outputs");
    if (auto error = takeOutputs(run.steps.back().calls, outputs)) {
        return std::move(*error);
    }
    resumeRun(context.world, context.settings, run, context.nowMs);
    return runReply(context, run);
}

CallResult listSteps(CallContext& context) {
    auto found = runOf(context);
    if (auto* error = std::get_if<ApiError>(&found)) {
        return std::move(*error);
    }
    auto query = readListQuery(context.query);
    if (auto* error = std::get_if<ApiError>(&query)) {
        return std::move(*error);
    }
    const Run& run = *std::get<Run*>(found);
    std::vector<std::string> texts;
    for (const RunStep& step : run.steps) {
        texts.push_back(renderStep(run, step));
    }
    std::vector<ListItem> items;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        items.push_back({run.steps[i].id, texts[i]});
    }
    return renderPage(items, std::get<ListQuery>(query), "run step");
}

}  // namespace emulator
