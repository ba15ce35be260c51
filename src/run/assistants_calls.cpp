#include "edgerun/run/assistants_calls.h"

#include <algorithm>

#include "edgerun/text/json.h"

namespace edgerun::run {
namespace {

constexpr std::size_t kMetadataPairs = 16;  // as the API takes them
constexpr std::size_t kMetadataBytes = 64 * 1024;

// Newest first, and what is looked for was sent seconds ago to a thread that
// takes one run at a time: a short page holds it if it is there at all. Longer
// ones could pass max_response, for each run repeats its instructions.
constexpr std::string_view kLookUpPage = "?limit=20&order=desc";

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

std::string tag(std::string_view jobId) {
    std::string json;
    text::JsonObjectWriter writer(json);
    writer.string(kJobKey, jobId);
    writer.finish();
    return json;
}

/// The client's pairs, with the job's own set last: it wins.
std::string runMetadata(const Context& context) {
    const text::JsonPtr pairs = text::parseJson(context.request.metadata, {kMetadataBytes});
    json_t* object = pairs.get();
    const bool isMarked =
        json_is_object(object) &&
        json_object_set_new(object, kJobKey,
                            json_stringn(context.jobId.data(), context.jobId.size())) == 0;
    return isMarked && json_object_size(object) <= kMetadataPairs ? text::dumpJson(object)
                                                                  : tag(context.jobId);
}

std::string threadBody(const Context& context) {
    std::string json;
    text::JsonObjectWriter writer(json);
    writer.raw("metadata", tag(context.jobId));
    writer.finish();
    return json;
}

std::string messageBody(const Context& context) {
    std::string json;
    json.reserve(context.request.query.size() + 128);
    text::JsonObjectWriter writer(json);
    writer.string("role", "user");
    writer.string("content", context.request.query);
    writer.raw("metadata", tag(context.jobId));
    writer.finish();
    return json;
}

std::string runBody(const Context& context) {
    std::string json;
    text::JsonObjectWriter writer(json);
    writer.string("assistant_id", context.request.assistant);
    writer.raw("metadata", runMetadata(context));
    writer.finish();
    return json;
}

Call withoutTimeout(const Context& context, const Record& record) {
    switch (record.phase) {
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
        case Phase::ListMessages:
            return {Method::Get, answerPath(record), ""};
        case Phase::CancelRun:
            return {Method::Post, runPath(record).append("/cancel"), ""};
        case Phase::DeleteThread:
        case Phase::Done:
            return {Method::Delete, threadPath(record), ""};
    }
    return {};
}

}  // namespace

const char* purposeOf(Phase phase) {
    switch (phase) {
        case Phase::CreateThread:
            return "create a thread";
        case Phase::AddMessage:
            return "add the message";
        case Phase::FindMessage:
            return "look for the message";
        case Phase::CreateRun:
            return "start the run";
        case Phase::FindRun:
            return "look for the run";
        case Phase::PollRun:
            return "poll the run";
        case Phase::ListMessages:
            return "read the answer";
        case Phase::FindLostRun:
            return "look for a lost run";
        case Phase::CancelRun:
            return "cancel the run";
        case Phase::DeleteThread:
            return "delete the thread";
        case Phase::Done:
            return "do more";
    }
    return "";
}

bool isOnceOnly(Phase phase) {
    return phase == Phase::AddMessage || phase == Phase::CreateRun;
}

Call callOf(const Context& context, const Record& record) {
    Call call = withoutTimeout(context, record);
    const std::uint64_t left = record.deadline > context.now ? record.deadline - context.now : 1;
    call.timeout = std::min(context.settings.requestTimeout, left);
    call.once = isOnceOnly(record.phase);
    return call;
}

}  // namespace edgerun::run
