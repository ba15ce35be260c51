#include "edgerun/run/assistants_replies.h"

#include <algorithm>

#include "edgerun/run/assistants_calls.h"
#include "edgerun/run/definition_json.h"
#include "edgerun/run/provider_id.h"
#include "edgerun/run/reply_json.h"
#include "edgerun/run/run_glance.h"
#include "edgerun/run/run_members.h"
#include "edgerun/run/steps.h"
#include "edgerun/text/json.h"

namespace edgerun::run {
namespace {

constexpr std::size_t kDepth = 128;  // a run repeats the JSON schemas of its tools

struct StateRow {
    std::string_view status;
    RunState state;
};

constexpr StateRow kStates[] = {
    {"queued", RunState::Going},        {"in_progress", RunState::Going},
    {"cancelling", RunState::Going},    {"requires_action", RunState::NeedsAction},
    {"completed", RunState::Completed}, {"incomplete", RunState::Incomplete},
    {"failed", RunState::Failed},       {"expired", RunState::Expired},
    {"cancelled", RunState::Cancelled},
};

text::JsonPtr parse(std::string_view body) {
    return parseReply(body, {body.size(), kDepth});
}

RunState stateOf(std::string_view status) {
    const auto* row = std::find_if(std::begin(kStates), std::end(kStates),
                                   [&](const StateRow& each) { return each.status == status; });
    return row == std::end(kStates) ? RunState::Odd : row->state;
}

/// Absent counts as equal: not every server repeats the thread in its objects.
bool isOfThread(const json_t* object, const Record& record) {
    const auto threadId = text::stringMember(object, "thread_id");
    return !threadId || *threadId == record.threadId.view();
}

Usage usageOf(const json_t* run) {
    const json_t* usage = json_object_get(run, "usage");
    return {tokensIn(usage, "prompt_tokens"), tokensIn(usage, "completion_tokens"),
            tokensIn(usage, "total_tokens")};
}

/// Without calls if one of them is malformed.
ToolRound roundOfRun(const json_t* run) {
    const json_t* submit =
        json_object_get(json_object_get(run, "required_action"), "submit_tool_outputs");
    const json_t* calls = json_object_get(submit, "tool_calls");
    ToolRound round;
    for (std::size_t i = 0; i < json_array_size(calls); ++i) {
        const json_t* call = json_array_get(calls, i);
        const json_t* function = json_object_get(call, "function");
        const auto arguments = text::stringMember(function, "arguments");
        if (!arguments || !addCall(round, text::stringMember(call, "id").value_or(""),
                                   text::stringMember(function, "name").value_or(""), *arguments)) {
            return {};
        }
    }
    return round;
}

std::optional<RunReply> runOf(const json_t* object, const Record& record) {
    const std::optional<ProviderId> id = idOf(object);
    const auto status = text::stringMember(object, "status");
    const bool isKnown = !record.runId.empty();
    if (!id || !status || !isOfThread(object, record) ||
        (isKnown && id->view() != record.runId.view())) {
        return std::nullopt;
    }
    RunReply run;
    run.id = *id;
    run.state = stateOf(*status);
    run.status = *status;
    run.usage = usageOf(object);
    if (run.state == RunState::NeedsAction) {
        run.round = roundOfRun(object);
        run.expiresAt = text::integerMember(object, "expires_at").value_or(0);
    } else if (run.state == RunState::Incomplete) {
        run.incompleteReason = incompleteReasonOf(object);
    } else if (run.state == RunState::Failed) {
        const json_t* error = json_object_get(object, "last_error");
        run.errorCode = text::stringMember(error, "code").value_or("");
        run.errorMessage = text::stringMember(error, "message").value_or("");
    }
    return run;
}

/// A run of ours that only goes on, which is what most polls find; nullopt for
/// whatever needs a closer look.
std::optional<RunReply> goingRunOf(std::string_view body, const Record& record) {
    const std::optional<RunGlance> glance = glanceAtRun(body);
    if (!glance || stateOf(glance->status) != RunState::Going || !isProviderId(glance->id) ||
        (!record.runId.empty() && glance->id != record.runId.view()) ||
        (!glance->threadId.empty() && glance->threadId != record.threadId.view())) {
        return std::nullopt;
    }
    RunReply run;
    run.id.assign(glance->id);
    run.state = RunState::Going;
    return run;
}

/// The list's array, or null.
const json_t* dataOf(const text::JsonPtr& list) {
    const json_t* data = json_object_get(list.get(), "data");
    return json_is_array(data) ? data : nullptr;
}

bool isOwn(const json_t* object, const Record& record, std::string_view jobId) {
    const auto job = text::stringMember(json_object_get(object, "metadata"), kJobKey);
    return job ? *job == jobId : record.ownsThread;
}

bool isOfRun(const json_t* message, const Record& record) {
    const auto runId = text::stringMember(message, "run_id");
    return text::stringMember(message, "role") == "assistant" &&
           (!runId || *runId == record.runId.view());
}

/// The words of one part; absent for images and whatever else there may be.
std::optional<std::string_view> wordsOf(const json_t* part) {
    const auto type = text::stringMember(part, "type");
    if (type == "text") {
        return text::stringMember(json_object_get(part, "text"), "value");
    }
    if (type == "refusal") {
        return text::stringMember(part, "refusal");
    }
    return std::nullopt;
}

void addWordsOf(const json_t* message, std::optional<std::string>& answer) {
    const json_t* content = json_object_get(message, "content");
    for (std::size_t i = 0; i < json_array_size(content); ++i) {
        addWords(wordsOf(json_array_get(content, i)), answer);
    }
}

/// {"type":"file_citation","file_citation":{"file_id"}}
void noteCitations(const Work& work, const json_t* message) {
    const auto id = text::stringMember(message, "id").value_or("");
    const json_t* content = json_object_get(message, "content");
    for (std::size_t i = 0; i < json_array_size(content); ++i) {
        const json_t* text = json_object_get(json_array_get(content, i), "text");
        const json_t* annotations = json_object_get(text, "annotations");
        for (std::size_t k = 0; k < json_array_size(annotations); ++k) {
            const json_t* citation =
                json_object_get(json_array_get(annotations, k), "file_citation");
            if (const auto fileId = text::stringMember(citation, "file_id")) {
                addCitation(work, id, *fileId, {});
            }
        }
    }
}

}  // namespace

std::optional<ProviderId> readId(std::string_view body) {
    return idOf(parse(body).get());
}

std::optional<RunReply> readRun(std::string_view body, const Record& record) {
    std::optional<RunReply> going = goingRunOf(body, record);
    if (going) {
        return going;
    }
    return runOf(parse(body).get(), record);
}

std::optional<RunsReply> readRuns(std::string_view body, const Record& record,
                                  std::string_view jobId) {
    const text::JsonPtr list = parse(body);
    const json_t* data = dataOf(list);
    if (data == nullptr) {
        return std::nullopt;
    }
    RunsReply reply;
    for (std::size_t i = 0; i < json_array_size(data); ++i) {
        const json_t* object = json_array_get(data, i);
        std::optional<RunReply> run = runOf(object, record);
        if (!run) {
            // Passing over it could mean to start a run twice.
            return std::nullopt;
        }
        if (!isOwn(object, record, jobId)) {
            reply.otherRunIsGoing = reply.otherRunIsGoing || !isOver(run->state);
        } else if (!reply.own) {
            reply.own = std::move(run);
        }
    }
    return reply;
}

std::optional<bool> readHasMessage(std::string_view body, const Record& record,
                                   std::string_view jobId) {
    const text::JsonPtr list = parse(body);
    const json_t* data = dataOf(list);
    if (data == nullptr) {
        return std::nullopt;
    }
    bool found = false;
    for (std::size_t i = 0; i < json_array_size(data); ++i) {
        const json_t* message = json_array_get(data, i);
        if (!idOf(message)) {
            return std::nullopt;
        }
        found = found ||
                (text::stringMember(message, "role") == "user" && isOwn(message, record, jobId));
    }
    return found;
}

std::optional<AnswerReply> readAnswer(std::string_view body, const Record& record,
                                      const Work& work) {
    const text::JsonPtr list = parse(body);
    const json_t* data = dataOf(list);
    if (data == nullptr) {
        return std::nullopt;
    }
    AnswerReply reply;
    for (std::size_t i = json_array_size(data); i > 0; --i) {
        const json_t* message = json_array_get(data, i - 1);
        if (isOfRun(message, record)) {
            addWordsOf(message, reply.text);
            noteCitations(work, message);
        }
    }
    return reply;
}

}  // namespace edgerun::run
