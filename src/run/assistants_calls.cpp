#include "edgerun/run/assistants_calls.h"

#include "edgerun/run/definition_json.h"
#include "edgerun/text/json.h"

namespace edgerun::run {
namespace {

// Newest first, and what is looked for was sent seconds ago to a thread that
// takes one run at a time: a short page holds it if it is there at all. Longer
// ones could pass max_response, for each run repeats its instructions.
constexpr std::string_view kLookUpPage = "?limit=20&order=desc";

// The oldest of several counts, so that two machines that made one at once agree.
constexpr std::string_view kAssistantsPage = "/assistants?limit=20&order=asc";
constexpr std::string_view kStepsPage = "/steps?limit=100&order=asc";

std::string threadPath(const Record& record) {
    return std::string("/threads/").append(record.threadId.view());
}

std::string runsPath(const Record& record) {
    return threadPath(record).append("/runs");
}

std::string runPath(const Record& record) {
    return runsPath(record).append("/").append(record.runId.view());
}

std::string messagesPath(const Record& record) {
    return threadPath(record).append("/messages");
}

std::string answerPath(const Record& record) {
    return messagesPath(record)
        .append("?run_id=")
        .append(record.runId.view())
        .append("&limit=100&order=desc");
}

std::string messageBody(const Context& context) {
    std::string json;
    json.reserve(context.request.query.size() + 128);
    text::JsonObjectWriter writer(json);
    writer.string("role", "user");
    writer.string("content", context.request.query);
    writer.raw("metadata", jobTag(context.jobId));
    writer.finish();
    return json;
}

std::string_view assistantIdOf(const Context& context) {
    if (context.assistant == nullptr) {
        return context.request.assistant;
    }
    return context.assistant->id.empty() ? context.assistantId
                                         : std::string_view(context.assistant->id);
}

std::string runBody(const Context& context) {
    std::string json;
    text::JsonObjectWriter writer(json);
    writer.string("assistant_id", assistantIdOf(context));
    writer.raw("metadata", runMetadata(context));
    writer.finish();
    return json;
}

std::string outputsBody(const Work& work) {
    std::string list = "[";
    for (const FunctionCall& call : roundOf(work).calls) {
        list += list.size() > 1 ? "," : "";
        text::JsonObjectWriter writer(list);
        writer.string("tool_call_id", call.id);
        writer.string("output", call.output.value_or(""));
        writer.finish();
    }
    std::string json;
    text::JsonObjectWriter writer(json);
    writer.raw("tool_outputs", list + "]");
    writer.finish();
    return json;
}

std::string assistantPath(const Work& work) {
    const auto id = text::stringMember(work.object(), "assistant");
    return std::string("/assistants/").append(id.value_or(""));
}

std::string assistantsPage(const Work& work) {
    const auto after = text::stringMember(work.object(), "after");
    std::string page(kAssistantsPage);
    return after ? page.append("&after=").append(*after) : page;
}

}  // namespace

Call assistantsCall(const Context& context, const Record& record, const Work& work) {
    switch (record.phase) {
        case Phase::FindAssistant:
            return {Method::Get, assistantsPage(work), ""};
        case Phase::CreateAssistant:
            return {Method::Post, "/assistants", assistantBody(context)};
        case Phase::UpdateAssistant:
            return {Method::Post, assistantPath(work), assistantBody(context)};
        case Phase::CreateThread:
            return {Method::Post, "/threads", threadBody(context)};
        case Phase::AddMessage:
            return {Method::Post, messagesPath(record), messageBody(context)};
        case Phase::FindMessage:
            return {Method::Get, messagesPath(record).append(kLookUpPage), ""};
        case Phase::CreateRun:
            return {Method::Post, runsPath(record), runBody(context)};
        case Phase::FindRun:
        case Phase::FindLostRun:
            return {Method::Get, runsPath(record).append(kLookUpPage), ""};
        case Phase::PollRun:
            return {Method::Get, runPath(record), ""};
        case Phase::SubmitOutputs:
            return {Method::Post, runPath(record).append("/submit_tool_outputs"),
                    outputsBody(work)};
        case Phase::ListSteps:
            return {Method::Get, runPath(record).append(kStepsPage), ""};
        case Phase::ListMessages:
            return {Method::Get, answerPath(record), ""};
        case Phase::CancelRun:
            return {Method::Post, runPath(record).append("/cancel"), ""};
        case Phase::DeleteThread:
            return {Method::Delete, threadPath(record), ""};
        case Phase::CallTools:
        case Phase::AwaitOutputs:
        case Phase::DeleteRun:
        case Phase::Done:
            break;  // phases without a call, or of other dialects
    }
    return {};
}

}  // namespace edgerun::run
