#include <algorithm>

#include "edgerun/run/assistants_calls.h"
#include "edgerun/run/assistants_turn.h"
#include "edgerun/run/retry.h"

namespace edgerun::run {
namespace {

// A message that lands late is an untidy thread, not a second bill.
constexpr std::uint64_t kMessageGrace = 500;

class AssistantsMachine final : public Machine {
public:
    Step next(const Context& context, const Record& record, const Event& event) const override {
        return AssistantsTurn(context, record).on(event);
    }

    bool needsRequest(const Record& record) const override;
    bool needsAssistantId() const override { return true; }
    bool remembersThreads(const Settings&) const override { return false; }
    std::vector<std::string> headers() const override { return {"OpenAI-Beta: assistants=v2"}; }
};

bool AssistantsMachine::needsRequest(const Record& record) const {
    if (isFinal(record.status)) {
        return false;
    }
    switch (record.phase) {
        case Phase::CreateThread:  // its reply leads to AddMessage at once
        case Phase::AddMessage:    // its reply leads to CreateRun at once
        case Phase::CreateRun:
        case Phase::FindAssistant:
        case Phase::CreateAssistant:
        case Phase::UpdateAssistant:
        case Phase::CallTools:
        case Phase::AwaitOutputs:
        case Phase::SubmitOutputs:
        case Phase::ListSteps:
        case Phase::ListMessages:
            return true;
        case Phase::FindRun:
        case Phase::PollRun:
            // The calls may be those whose outputs were submitted already.
            return record.toolRounds > 0;
        case Phase::FindMessage:  // ends with a Wait before the call is made
        case Phase::FindLostRun:
        case Phase::CancelRun:
        case Phase::DeleteThread:
        case Phase::DeleteRun:
        case Phase::Done:
            return false;
    }
    return true;
}

}  // namespace

const Machine& assistantsMachine() {
    static const AssistantsMachine machine;
    return machine;
}

void AssistantsTurn::setOut() {
    record_.phase = Phase::FindAssistant;
    goOn();
}

Call AssistantsTurn::call() const {
    Call next = assistantsCall(context_, record_, work());
    if (record_.phase == Phase::ListSteps) {
        next.timeout = timeLeft() / 2;  // so that there is time for the answer
    }
    return next;
}

bool AssistantsTurn::isOnceOnly(Phase phase) const {
    return phase == Phase::AddMessage || phase == Phase::CreateRun ||
           phase == Phase::CreateAssistant || phase == Phase::SubmitOutputs;
}

void AssistantsTurn::submitOutputs() {
    record_.phase = Phase::SubmitOutputs;
    send();
}

bool AssistantsTurn::seesTo(Failure& failure) {
    if (record_.phase == Phase::ListSteps) {
        readAnswerNext();  // which is worth more than the steps
        return true;
    }
    if (record_.phase == Phase::SubmitOutputs && record_.rounds > 1 &&
        failure.outcome == Outcome::RefusedForGood) {
        lookUp(failure);  // perhaps because an earlier try has come through
        return true;
    }
    if (failure.isNotOffered && record_.phase == Phase::FindRun) {
        failUnknown(failure);
        return true;
    }
    if (failure.threadIsBusy && threadIsLocked(failure)) {
        return true;
    }
    if (record_.phase != Phase::CreateRun) {
        return false;
    }
    if (failure.threadIsBusy && mayHoldTheLockItself()) {
        // The list tells.
        failure.outcome =
            failure.outcome == Outcome::RefusedForNow ? Outcome::Unknown : Outcome::UnknownForGood;
    }
    return assistantIsGone(failure);
}

/// What was refused so has done nothing and does not count as a try: the lock is waited for until
/// the run's deadline. Where an earlier try may hold it, that one is looked for, and all count.
bool AssistantsTurn::threadIsLocked(const Failure& failure) {
    const bool needsThread =
        record_.phase == Phase::AddMessage || record_.phase == Phase::CreateRun;
    if (!needsThread || failure.outcome != Outcome::RefusedForNow || wasTriedBlindly()) {
        return false;
    }
    if (record_.polls > 0) {
        step_.note.clear();  // it was said of the first one
    }
    record_.rounds -= record_.rounds > 0 ? 1 : 0;
    ++record_.polls;
    if (record_.phase == Phase::CreateRun && mayHoldTheLockItself()) {
        lookUpIn(Phase::FindRun, 0);
        return true;
    }
    const std::uint64_t asked = std::min(failure.retryAfter.value_or(0), timeLeft());
    record_.intentAt = 0;
    record_.notBefore = context_.now + std::max(lockPause(record_.polls - 1), asked);
    waitUntilDue();
    return true;
}

/// The answer is worth more than the steps.
bool AssistantsTurn::seesToNoRoom() {
    if (record_.phase != Phase::ListSteps) {
        return false;
    }
    readAnswerNext();
    return true;
}

/// The run that holds the thread's lock may be the job's own, from a try whose outcome got lost.
bool AssistantsTurn::mayHoldTheLockItself() const {
    switch (record_.guarantee) {
        case StartGuarantee::Lookup:
            return true;
        case StartGuarantee::AtMostOnce:
            return false;  // such a try would have been the last
        case StartGuarantee::AtLeastOnce:
            return record_.rounds > 1;
    }
    return true;
}

void AssistantsTurn::lookUp(const Failure& failure) {
    const std::uint64_t grace = context_.settings.lookupGrace;
    switch (record_.phase) {
        case Phase::CreateRun:
            return lookUpIn(Phase::FindRun, failure.threadIsBusy ? 0 : grace);
        case Phase::AddMessage:
            return lookUpIn(Phase::FindMessage, std::min(grace, kMessageGrace));
        case Phase::CreateAssistant:
            record_.intentAt = 0;
            return lookUpIn(Phase::FindAssistant, kMessageGrace);
        case Phase::SubmitOutputs:
            record_.intentAt = 0;
            return lookUpIn(Phase::PollRun, 0);  // the run tells whether it has them
        case Phase::CreateThread:
        case Phase::FindMessage:
        case Phase::FindRun:
        case Phase::PollRun:
        case Phase::ListMessages:
        case Phase::ListSteps:
        case Phase::FindAssistant:
        case Phase::UpdateAssistant:
        case Phase::CallTools:
        case Phase::AwaitOutputs:
        case Phase::FindLostRun:
        case Phase::CancelRun:
        case Phase::DeleteRun:
        case Phase::DeleteThread:
        case Phase::Done:
            return goOn();  // these may be repeated
    }
}

/// From now on, not from the intent: the call may have waited for a connection, and was perhaps
/// sent only just now.
void AssistantsTurn::lookUpIn(Phase phase, std::uint64_t grace) {
    record_.phase = phase;
    record_.failures = 0;
    record_.notBefore = context_.now + grace;
    goOn();
}

// --- the end ---

/// What may still be going on upstream when a job ends in its present phase.
Phase AssistantsTurn::cleanUpFromHere() const {
    switch (record_.phase) {
        case Phase::CreateRun:
        case Phase::FindRun:
        case Phase::FindAssistant:
        case Phase::CreateAssistant:
        case Phase::UpdateAssistant:
            return mayHaveStarted() ? Phase::FindLostRun : Phase::DeleteThread;
        case Phase::PollRun:
        case Phase::CallTools:
        case Phase::AwaitOutputs:
        case Phase::SubmitOutputs:
            return Phase::CancelRun;
        case Phase::CreateThread:
        case Phase::AddMessage:
        case Phase::FindMessage:
        case Phase::ListMessages:
        case Phase::ListSteps:
        case Phase::FindLostRun:
        case Phase::CancelRun:
        case Phase::DeleteRun:
        case Phase::DeleteThread:
        case Phase::Done:
            return Phase::DeleteThread;
    }
    return Phase::DeleteThread;
}

bool AssistantsTurn::mayHaveStarted() const {
    const bool isAtRun = record_.phase == Phase::CreateRun || record_.phase == Phase::FindRun;
    return (isAtRun && record_.intentAt != 0) || wasTriedBlindly();
}

void AssistantsTurn::cleanedUp(const Response& response) {
    if (record_.phase != Phase::FindLostRun) {
        return Turn::cleanedUp(response);
    }
    const std::optional<RunsReply> runs = readRuns(response.body, record_, context_.jobId);
    if (!runs) {
        return cleanUpFailed(nonsense(purpose()));
    }
    if (!runs->own || isOver(runs->own->state)) {
        return enterCleanUp(Phase::DeleteThread);
    }
    record_.runId = runs->own->id;
    enterCleanUp(Phase::CancelRun);
}

}  // namespace edgerun::run
