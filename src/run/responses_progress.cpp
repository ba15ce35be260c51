#include "edgerun/run/responses_calls.h"
#include "edgerun/run/responses_turn.h"
#include "edgerun/run/responses_work.h"
#include "edgerun/run/run_members.h"
#include "edgerun/run/steps.h"

namespace edgerun::run {
namespace {

Failure fruitless(unsigned tries) {
    Failure failure;
    failure.error.message = "could not start the run in " + std::to_string(tries) + " tries";
    return failure;
}

}  // namespace

void ResponsesTurn::progress(const Response& response) {
    switch (record_.phase) {
        case Phase::CreateThread:
            return threadCreated(response.body);
        case Phase::FindMessage:
            return newestItemRead(response.body);
        case Phase::CreateRun:
            return runCreated(response);
        case Phase::FindRun:
            return itemsLookedUp(response.body);
        case Phase::PollRun:
            return runPolled(response);
        case Phase::AddMessage:
        case Phase::ListMessages:
        case Phase::ListSteps:
        case Phase::FindAssistant:
        case Phase::CreateAssistant:
        case Phase::UpdateAssistant:
        case Phase::CallTools:
        case Phase::AwaitOutputs:
        case Phase::SubmitOutputs:
        case Phase::FindLostRun:
        case Phase::CancelRun:
        case Phase::DeleteRun:
        case Phase::DeleteThread:
        case Phase::Done:
            return goOn();  // phases without a call, of final jobs only, or of other dialects
    }
}

void ResponsesTurn::threadCreated(std::string_view body) {
    const std::optional<ProviderId> id = readConversation(body);
    if (!id) {
        return onFailure(nonsense(purpose()));
    }
    record_.threadId = *id;
    record_.failures = 0;
    createRun();
}

void ResponsesTurn::newestItemRead(std::string_view body) {
    if (const std::optional<std::string> id = readNewestItem(body)) {
        setWhereItBegan(work(), *id);
        setWork();
    }
    record_.failures = 0;
    createRun();
}

void ResponsesTurn::itemsLookedUp(std::string_view body) {
    const OwnInput own{context_.request.query, whereItBegan(work()), record_.ownsThread,
                       record_.toolRounds > 0 ? roundOf(work()) : ToolRound()};
    const std::optional<ItemsReply> items = readItems(body, own);
    if (!items) {
        return onFailure(nonsense(purpose()));
    }
    record_.failures = 0;
    if (items->isOver) {
        if (record_.status == JobStatus::Pending) {
            showRunning();
        }
        settleStart();
        const Output output = readOutput(*items, work());
        return conclude(output, output.isCutShort ? "unknown" : "");
    }
    if (items->isStarted) {
        return lookAgain();
    }
    if (!hasTriesLeft()) {
        return failUnknown(fruitless(record_.rounds));
    }
    startOver(Phase::CreateRun, "", 0);
}

void ResponsesTurn::runCreated(const Response& response) {
    const std::optional<ResponseReply> reply = readResponse(response.body, {});
    if (!reply) {
        return onFailure(nonsense(purpose()));
    }
    take(*reply);
    follow(*reply, response);
}

void ResponsesTurn::takeLateRun(const Response& response) {
    if (const std::optional<ResponseReply> reply = readResponse(response.body, {})) {
        take(*reply);
    }
}

void ResponsesTurn::take(const ResponseReply& reply) {
    const bool isFirst = record_.runId.empty();
    record_.runId = reply.id;
    record_.failures = 0;
    record_.phase = Phase::PollRun;
    record_.notBefore = context_.now + context_.settings.pollInterval;
    showRunning();
    if (!isFirst || isOver(reply.state)) {
        settleStart();
    }
    if (hasResponses(work())) {
        addResponse(work(), record_);
        setWork();
    }
}

void ResponsesTurn::runPolled(const Response& response) {
    const std::optional<ResponseReply> reply = readResponse(response.body, record_.runId.view());
    if (!reply) {
        return onFailure(nonsense(purpose()));
    }
    settleStart();
    record_.failures = 0;
    follow(*reply, response);
}

/// CreateRun will not be sent again: what was called is a step now.
void ResponsesTurn::settleStart() {
    record_.intentAt = 0;
    if (record_.toolRounds == 0 || json_object_get(work().object(), "calls") == nullptr) {
        return;
    }
    for (const FunctionCall& call : roundOf(work()).calls) {
        addFunctionStep(work(), call);
    }
    work().remove("calls");
    setWork();
}

void ResponsesTurn::follow(const ResponseReply& reply, const Response& response) {
    if (isOver(reply.state)) {
        return followEnd(reply);
    }
    schedulePoll(response);
    if (reply.state == ResponseState::Odd) {
        noteOddStatus(reply.status);
    }
    waitUntilDue();
}

void ResponsesTurn::followEnd(const ResponseReply& reply) {
    record_.usage = sumOf(record_.usage, reply.usage);
    const Output output = readOutput(reply, work());
    switch (reply.state) {
        case ResponseState::Failed:
            return runFailed(reply.errorCode, reply.errorMessage, cleanUpOfCalls());
        case ResponseState::Cancelled:
            return finish(JobStatus::Cancelled, {}, cleanUpOfCalls());
        case ResponseState::Completed:
        case ResponseState::Incomplete:
        case ResponseState::Going:
        case ResponseState::Odd:
            return conclude(output, reply.incompleteReason);
    }
}

/// With calls, the response is one round of several; the last one has the answer.
void ResponsesTurn::conclude(const Output& output, std::string_view reason) {
    record_.incompleteReason.assign(reason);
    const bool isWhole = reason.empty();
    if (isWhole && !output.isSound) {
        return failRun(
            {"ProviderError", "the model called functions in a way that makes no sense", 502});
    }
    if (isWhole && !output.round.calls.empty()) {
        rememberResponse();
        return callTools(output.round);
    }
    if (!output.words) {
        return failRun(noAnswer(reason));
    }
    const bool isOwnThread = !record_.threadId.empty() && !isInConversation(context_, record_);
    if (isOwnThread && output.round.calls.empty()) {
        setLastResponse(work(), record_);
    }
    finish(JobStatus::Completed, {output.words, std::nullopt, std::string(reason), {}, {}},
           isWhole ? Phase::DeleteThread : cleanUpOfCalls());
}

/// It is over at the provider, too.
void ResponsesTurn::failRun(JobError error) {
    finish(JobStatus::Failed, {{}, std::move(error), {}, {}, {}}, cleanUpOfCalls());
}

}  // namespace edgerun::run
