#include "edgerun/engine/job_json.h"

#include "edgerun/text/json.h"
#include "edgerun/text/timestamp.h"
#include "edgerun/text/utf8.h"

namespace edgerun::engine {

namespace {

using text::JsonObjectWriter;

void addState(JsonObjectWriter& json, std::string_view id, const run::Record& record) {
    json.string("id", id);
    json.string("status", run::nameOf(record.status));
    json.integer("version", static_cast<std::int64_t>(record.version));
    json.string("createdAt", text::formatTimestamp(record.createdWall));
}

/// What came to be known while it ran.
void addProgress(JsonObjectWriter& json, const run::Record& record) {
    if (record.startedWall != 0) {
        json.string("startedAt", text::formatTimestamp(record.startedWall));
    }
    if (record.completedWall != 0) {
        json.string("completedAt", text::formatTimestamp(record.completedWall));
    }
    if (record.queryCut) {
        json.boolean("queryTruncated", true);
    }
    if (!record.threadId.empty()) {
        json.string("threadId", record.threadId.view());
    }
    if (!record.runId.empty()) {
        json.string("runId", record.runId.view());
    }
}

void addAnswer(JsonObjectWriter& json, std::string_view answer, std::size_t maxAnswer) {
    const std::string_view kept = text::cutAtBytes(answer, maxAnswer);
    json.string("answer", kept);
    if (kept.size() < answer.size()) {
        json.boolean("answerTruncated", true);
    }
}

void addUsage(JsonObjectWriter& json, const run::Usage& usage) {
    if (usage.total < 0) {
        return;
    }
    json.integer("tokensUsed", usage.total);
    std::string object;
    JsonObjectWriter members(object);
    members.integer("promptTokens", usage.prompt);
    members.integer("completionTokens", usage.completion);
    members.integer("totalTokens", usage.total);
    members.finish();
    json.raw("usage", object);
}

void addError(JsonObjectWriter& json, const run::JobError& error) {
    std::string object;
    JsonObjectWriter members(object);
    members.string("error", error.name);
    members.string("message", error.message);
    members.integer("statusCode", error.statusCode);
    members.finish();
    json.raw("error", object);
}

}  // namespace

JobJson renderJob(std::string_view id, const run::Record& record, const run::Visible& visible,
                  std::string_view knowledge, const JobTimes& times, std::size_t maxAnswer) {
    JobJson job;
    std::string& out = job.text;
    out.reserve(512 + (visible.answer ? visible.answer->size() : 0));
    JsonObjectWriter json(out);
    addState(json, id, record);
    json.string("updatedAt", text::formatTimestamp(times.updatedWall));
    json.string("expiresAt", text::formatTimestamp(times.expiresWall));
    addProgress(json, record);
    if (!knowledge.empty()) {
        json.raw("knowledge", knowledge);
    }
    if (visible.answer) {
        addAnswer(json, *visible.answer, maxAnswer);
    }
    addUsage(json, record.usage);
    if (!visible.requiredAction.empty()) {
        json.raw("requiredAction", visible.requiredAction);
    }
    if (!visible.incompleteReason.empty()) {
        json.string("incompleteReason", visible.incompleteReason);
    }
    if (visible.error) {
        addError(json, *visible.error);
    }
    if (!visible.steps.empty()) {
        job.stepsAt = static_cast<std::uint32_t>(out.size());
        json.raw("steps", visible.steps);
    }
    json.finish();
    return job;
}

std::string renderSummary(std::string_view id, const run::Record& record) {
    std::string out;
    JsonObjectWriter json(out);
    addState(json, id, record);
    addProgress(json, record);
    addUsage(json, record.usage);
    if (!record.incompleteReason.empty()) {
        json.string("incompleteReason", record.incompleteReason.view());
    }
    json.finish();
    return out;
}

}  // namespace edgerun::engine
