#include "job_text.h"

#include "edgerun/store/job_request.h"
#include "edgerun/text/hex.h"
#include "edgerun/text/json.h"
#include "edgerun/text/timestamp.h"
#include "edgerun/text/utf8.h"

namespace edgerun::journal {

namespace {

using text::JsonObjectWriter;

constexpr text::JsonLimits kLimits{64 << 20, 64, 1'000'000};

/// Members that may be absent; false when a text is not UTF-8.
bool addText(JsonObjectWriter& json, std::string_view name, std::string_view value) {
    if (value.empty()) {
        return true;
    }
    if (!text::isValidUtf8(value)) {
        return false;
    }
    json.string(name, value);
    return true;
}

void addCount(JsonObjectWriter& json, std::string_view name, std::int64_t count) {
    if (count != 0) {
        json.integer(name, count);
    }
}

void addTime(JsonObjectWriter& json, std::string_view name, std::int64_t wall) {
    if (wall != 0) {
        json.string(name, text::formatTimestamp(wall));
    }
}

bool addJson(JsonObjectWriter& json, std::string_view name, std::string_view value) {
    if (value.empty()) {
        return true;
    }
    const auto line = jsonLineOf(value);
    if (line) {
        json.raw(name, *line);
    }
    return line.has_value();
}

bool addRequest(JsonObjectWriter& json, const std::string& bytes) {
    if (bytes.empty()) {
        return true;
    }
    const auto request = store::decodeJobRequest(bytes);
    if (!request) {
        return false;
    }
    std::string object;
    JsonObjectWriter members(object);
    const bool isWell = addText(members, "query", request->query) &&
                        addText(members, "threadId", request->threadId) &&
                        addText(members, "assistant", request->assistant) &&
                        addText(members, "user", request->user) &&
                        addJson(members, "metadata", request->metadata) &&
                        addText(members, "context", request->context) &&
                        addText(members, "sanitizer", request->sanitizer);
    // Nobody's words: a job is whole without it.
    addText(members, "work", request->work);
    members.finish();
    json.raw("request", object);
    return isWell;
}

}  // namespace

std::optional<std::string> jsonLineOf(std::string_view json) {
    const text::JsonPtr value = text::parseJson(json, kLimits);
    if (!value || !json_is_object(value.get())) {
        return std::nullopt;
    }
    // As it is: numbers keep their digits. In valid JSON a line ends only between values.
    return json.find_first_of("\r\n") == std::string_view::npos ? std::string(json)
                                                                : text::dumpJson(value.get());
}

std::optional<std::string> lineOf(const store::ReplayedJob& replayed) {
    const store::JobSnapshot& job = replayed.job;
    std::string line;
    JsonObjectWriter json(line);
    json.string("id", store::formatJobId(job.id));
    json.string("status", run::nameOf(job.record.status));
    json.integer("version", static_cast<std::int64_t>(job.record.version));
    json.string("owner", text::encodeHex(job.owner.user));
    bool isWell = addText(json, "threadId", job.record.threadId.view()) &&
                  addText(json, "runId", job.record.runId.view());
    addCount(json, "toolRounds", job.record.toolRounds);
    addTime(json, "createdAt", job.record.createdWall);
    addTime(json, "startedAt", job.record.startedWall);
    addTime(json, "completedAt", job.record.completedWall);
    addTime(json, "writtenAt", replayed.written.wall);
    isWell = isWell && addRequest(json, job.request) && addJson(json, "body", job.body);
    json.finish();
    return isWell ? std::optional(std::move(line)) : std::nullopt;
}

}  // namespace edgerun::journal
