#include <algorithm>

#include "edgerun/run/assistants_calls.h"
#include "edgerun/run/assistants_turn.h"
#include "edgerun/run/retry.h"
#include "edgerun/run/steps.h"

namespace edgerun::run {
namespace {

JobError expiredError() {
    return {"RunExpired", "the run expired at the provider", 502};
}

bool areTheSame(const ToolRound& one, const ToolRound& other) {
    return std::equal(one.calls.begin(), one.calls.end(), other.calls.begin(), other.calls.end(),
                      [](const FunctionCall& a, const FunctionCall& b) {
                          return a.id == b.id && a.name == b.name && a.arguments == b.arguments;
                      });
}

}  // namespace

void AssistantsTurn::progress(const Response& response) {
    switch (record_.phase) {
        case Phase::FindAssistant:
            return assistantsListed(response.body);
        case Phase::CreateAssistant:
        case Phase::UpdateAssistant:
            return assistantSaved(response.body);
        case Phase::CreateThread:
            return threadCreated(response.body);
        case Phase::AddMessage:
            return messageAdded(response.body);
        case Phase::FindMessage:
            return messageLookedUp(response.body);
        case Phase::CreateRun:
            return runCreated(response);
        case Phase::FindRun:
            return runsLookedUp(response);
        case Phase::PollRun:
            return runPolled(response);
        case Phase::SubmitOutputs:
            return outputsSubmitted(response);
        case Phase::ListSteps:
            return stepsRead(response.body);
        case Phase::ListMessages:
            return answerRead(response.body);
        case Phase::CallTools:
        case Phase::AwaitOutputs:
        case Phase::FindLostRun:
        case Phase::CancelRun:
        case Phase::DeleteRun:
        case Phase::DeleteThread:
        case Phase::Done:
            return goOn();  // phases without a call, or of final jobs only
    }
}

void AssistantsTurn::threadCreated(std::string_view body) {
    const std::optional<ProviderId> id = readId(body);
    if (!id) {
        return onFailure(nonsense(purpose()));
    }
    record_.threadId = *id;
    record_.ownsThread = true;
    record_.failures = 0;
    record_.phase = Phase::AddMessage;
    send();
}

void AssistantsTurn::messageAdded(std::string_view body) {
    if (!readId(body)) {
        return onFailure(nonsense(purpose()));
    }
    messageIsThere();
    goOn();
}

void AssistantsTurn::messageLookedUp(std::string_view body) {
    const std::optional<bool> isThere = readHasMessage(body, record_, context_.jobId);
    if (!isThere) {
        return onFailure(nonsense(purpose()));
    }
    if (!*isThere) {
        return startOver(Phase::AddMessage, "the message could not be added", 0);
    }
    messageIsThere();
    goOnWithRequest();
}

void AssistantsTurn::messageIsThere() {
    record_.intentAt = 0;
    record_.rounds = 0;
    record_.failures = 0;
    record_.polls = 0;
    record_.phase = Phase::CreateRun;
}

void AssistantsTurn::runCreated(const Response& response) {
    const std::optional<RunReply> run = readRun(response.body, record_);
    if (!run) {
        return onFailure(nonsense(purpose()));
    }
    adopt(*run);
    follow(*run, response);
}

void AssistantsTurn::takeLateRun(const Response& response) {
    if (const std::optional<RunReply> run = readRun(response.body, record_)) {
        adopt(*run);
    }
}

void AssistantsTurn::runsLookedUp(const Response& response) {
    const std::optional<RunsReply> runs = readRuns(response.body, record_, context_.jobId);
    if (!runs) {
        return onFailure(nonsense(purpose()));
    }
    if (runs->own) {
        adopt(*runs->own);
        return follow(*runs->own, response);
    }
    startOver(Phase::CreateRun,
              runs->otherRunIsGoing ? "the thread is busy with another run"
                                    : "the run could not be started",
              pauseAfterLook(runs->otherRunIsGoing));
}

/// After a refusal for the lock also where nobody seems to hold it: it may outlast what is listed.
std::uint64_t AssistantsTurn::pauseAfterLook(bool otherRunIsGoing) const {
    if (record_.polls > 0) {
        return lockPause(record_.polls - 1);
    }
    return otherRunIsGoing ? backoff(record_.rounds, context_.random) : 0;
}

void AssistantsTurn::adopt(const RunReply& run) {
    record_.runId = run.id;
    record_.intentAt = 0;
    record_.failures = 0;
    record_.phase = Phase::PollRun;
    record_.notBefore = context_.now + context_.settings.pollInterval;
    showRunning();
}

void AssistantsTurn::runPolled(const Response& response) {
    const std::optional<RunReply> run = readRun(response.body, record_);
    if (!run) {
        return onFailure(nonsense(purpose()));
    }
    follow(*run, response);
}

void AssistantsTurn::outputsSubmitted(const Response& response) {
    const std::optional<RunReply> run = readRun(response.body, record_);
    if (!run) {
        return onFailure(nonsense(purpose()));
    }
    record_.intentAt = 0;
    record_.phase = Phase::PollRun;
    record_.notBefore = context_.now + context_.settings.pollInterval;
    follow(*run, response);
}

void AssistantsTurn::follow(const RunReply& run, const Response& response) {
    if (run.state == RunState::NeedsAction) {
        return followCalls(run);
    }
    record_.failures = 0;
    if (isOver(run.state)) {
        return followEnd(run);
    }
    schedulePoll(response);
    if (run.state == RunState::Odd) {
        noteOddStatus(run.status);
    }
    waitUntilDue();
}

void AssistantsTurn::followCalls(const RunReply& run) {
    if (run.round.calls.empty()) {
        return onFailure(nonsense(purpose()));
    }
    const ToolRound known = roundOf(work());
    if (!known.isComplete() || !areTheSame(known, run.round)) {
        work().set("expires", json_integer(run.expiresAt));
        return callTools(run.round);
    }
    startOver(Phase::SubmitOutputs, "the tool outputs could not be submitted",
              backoff(record_.rounds, context_.random));
}

void AssistantsTurn::followEnd(const RunReply& run) {
    record_.usage = run.usage;
    switch (run.state) {
        case RunState::Failed:
            return runFailed(run.errorCode, run.errorMessage, Phase::DeleteThread);
        case RunState::Expired:
            return finish(JobStatus::Failed, {{}, expiredError(), {}, {}, {}}, Phase::DeleteThread);
        case RunState::Cancelled:
            return finish(JobStatus::Cancelled, {}, Phase::DeleteThread);
        case RunState::Completed:
        case RunState::Incomplete:
        case RunState::Going:
        case RunState::NeedsAction:
        case RunState::Odd:
            break;
    }
    record_.incompleteReason.assign(run.incompleteReason);
    record_.notBefore = 0;
    if (!context_.settings.asksForSteps) {
        return readAnswerNext();
    }
    record_.phase = Phase::ListSteps;
    send();
}

void AssistantsTurn::stepsRead(std::string_view body) {
    clearSteps(work());
    if (readSteps(body, work())) {
        setWork();
    }
    readAnswerNext();
}

void AssistantsTurn::readAnswerNext() {
    record_.failures = 0;
    record_.phase = Phase::ListMessages;
    send();
}

void AssistantsTurn::answerRead(std::string_view body) {
    std::optional<AnswerReply> answer = readAnswer(body, record_, work());
    if (!answer) {
        return onFailure(nonsense(purpose()));
    }
    const std::string reason(record_.incompleteReason.view());
    if (!answer->text) {
        return fail(noAnswer(reason));
    }
    finish(JobStatus::Completed,
           {std::move(answer->text), std::nullopt, reason, {}, stepsText(work())},
           Phase::DeleteThread);
}

}  // namespace edgerun::run
