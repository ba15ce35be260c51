#include <algorithm>

#include "edgerun/run/responses_calls.h"
#include "edgerun/run/responses_turn.h"
#include "edgerun/run/responses_work.h"
#include "edgerun/run/steps.h"

/// What is left to do at the provider when a job has ended.
///
/// A response whose start got lost has no id, so it can neither be cancelled nor deleted:
/// FindLostRun gives it time to come and go, looks for calls that it left open, and that is all.
///
/// A conversation that others go on in must have no call without an output: the next response in it
/// would be refused. So what the job leaves open is answered in SubmitOutputs.
namespace edgerun::run {

/// The steps are told now; what stays is for the clean-up, and for the thread's next job.
void ResponsesTurn::ended() {
    step_.visible->steps = stepsText(work());
    clearSteps(work());
    if (!isInConversation(context_, record_) && !record_.threadId.empty()) {
        rememberResponse();
    }
    if (step_.work || work().text() != context_.request.work) {
        setWork();
    }
}

void ResponsesTurn::rememberResponse() {
    if (!hasResponses(work())) {
        addResponse(work(), record_);
    }
}

Phase ResponsesTurn::cleanUpFromHere() const {
    switch (record_.phase) {
        case Phase::CreateRun:
            if (!mayHaveStarted()) {
                return record_.toolRounds > 0 && keepsConversation() ? Phase::SubmitOutputs
                                                                     : Phase::DeleteThread;
            }
            return isInConversation(context_, record_) ? Phase::FindLostRun : Phase::DeleteThread;
        case Phase::FindRun:
            return Phase::FindLostRun;
        case Phase::PollRun:
            return record_.isForeground ? cleanUpOfCalls() : Phase::CancelRun;
        case Phase::CallTools:
        case Phase::AwaitOutputs:
            return keepsConversation() ? Phase::SubmitOutputs : Phase::DeleteThread;
        case Phase::CreateThread:
        case Phase::FindMessage:
        case Phase::AddMessage:
        case Phase::ListMessages:
        case Phase::ListSteps:
        case Phase::FindAssistant:
        case Phase::CreateAssistant:
        case Phase::UpdateAssistant:
        case Phase::SubmitOutputs:
        case Phase::FindLostRun:
        case Phase::CancelRun:
        case Phase::DeleteRun:
        case Phase::DeleteThread:
        case Phase::Done:
            return Phase::DeleteThread;
    }
    return Phase::DeleteThread;
}

/// The last try, or one before it.
bool ResponsesTurn::mayHaveStarted() const {
    return record_.intentAt != 0 || mayGoOnUnseen();
}

bool ResponsesTurn::mayGoOnUnseen() const {
    return record_.polls != 0 || wasTriedBlindly();
}

bool ResponsesTurn::keepsConversation() const {
    return isInConversation(context_, record_) &&
           (context_.settings.keepThreads != 0 || context_.isThreadWanted);
}

/// Of a response that is over, but did not complete: whether the outputs that it was given have
/// joined the conversation, is not promised.
Phase ResponsesTurn::cleanUpOfCalls() const {
    return record_.toolRounds > 0 && keepsConversation() ? Phase::FindLostRun : Phase::DeleteThread;
}

Phase ResponsesTurn::cleanUpAfter(Phase phase) const {
    return phase == Phase::CancelRun ? cleanUpOfCalls() : Phase::DeleteThread;
}

void ResponsesTurn::cleanedUp(const Response& response) {
    switch (record_.phase) {
        case Phase::FindLostRun:
            return lostRunLookedFor(response.body);
        case Phase::CancelRun:
            return runCancelled(response.body);
        case Phase::SubmitOutputs:
            return callsClosed();
        case Phase::DeleteRun:
            return runDeleted();
        default:
            return Turn::cleanedUp(response);
    }
}

void ResponsesTurn::lostRunLookedFor(std::string_view body) {
    const std::optional<ToolRound> open = readPendingCalls(body);
    if (!open) {
        return cleanUpFailed(nonsense(purpose()));
    }
    if (open->calls.empty() || !keepsConversation()) {
        return enterCleanUp(Phase::DeleteThread);
    }
    closeCalls(*open);
}

/// It may have ended before it could be cancelled, even with calls.
void ResponsesTurn::runCancelled(std::string_view body) {
    const std::optional<ResponseReply> reply = readResponse(body, record_.runId.view());
    const bool hasCompleted = reply && reply->state == ResponseState::Completed;
    if (hasCompleted && keepsConversation()) {
        const Output output = readOutput(*reply, Work(""));
        if (!output.round.calls.empty()) {
            return closeCalls(output.round);
        }
    }
    enterCleanUp(hasCompleted ? Phase::DeleteThread : cleanUpAfter(Phase::CancelRun));
}

void ResponsesTurn::closeCalls(const ToolRound& round) {
    setRound(work(), round);
    setWork();
    enterCleanUp(Phase::SubmitOutputs);
}

void ResponsesTurn::callsClosed() {
    ToolRound round = roundOf(work());
    const std::size_t closed = std::min(round.calls.size(), kMostNewItems);
    round.calls.erase(round.calls.begin(),
                      round.calls.begin() + static_cast<std::ptrdiff_t>(closed));
    if (!round.calls.empty()) {
        return closeCalls(round);
    }
    work().remove("calls");
    setWork();
    enterCleanUp(Phase::DeleteThread);
}

void ResponsesTurn::runDeleted() {
    dropFirstResponse(work(), record_);
    setWork();
    enterCleanUp(deletesRuns() ? Phase::DeleteRun : Phase::DeleteThread);
}

bool ResponsesTurn::hasThreadUpstream() const {
    return isInConversation(context_, record_);
}

bool ResponsesTurn::deletesRuns() const {
    return !responsesOf(work(), record_).empty();
}

}  // namespace edgerun::run
