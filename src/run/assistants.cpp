#include <algorithm>

#include "edgerun/run/assistants_calls.h"
#include "edgerun/run/assistants_turn.h"

namespace edgerun::run {
namespace {

// A message that lands late is an untidy thread, not a second bill.
constexpr std::uint64_t kMessageGrace = 500;

/// May a call that must not be repeated blindly have been sent, of which nothing is known yet?
/// With at_least_once it is repeated so: what is due later than the intent is the next try.
bool isUnsettled(const Record& record) {
    const bool isNextTryDue = record.guarantee == StartGuarantee::AtLeastOnce &&
                              record.phase == Phase::CreateRun &&
                              record.notBefore > record.intentAt;
    return isOnceOnly(record.phase) && record.intentAt != 0 && !isNextTryDue;
}

class AssistantsMachine final : public Machine {
public:
    Step next(const Context& context, const Record& record, const Event& event) const override {
        return AssistantsTurn(context, record).on(event);
    }

    bool needsRequest(const Record& record) const override {
        if (isFinal(record.status)) {
            return false;
        }
        switch (record.phase) {
            case Phase::CreateThread:  // its reply leads to AddMessage at once
            case Phase::AddMessage:    // its reply leads to CreateRun at once
                return true;
            case Phase::CreateRun:
                // Once sent, a reply leads to polls, and anything else to a
                // look-up or a pause.
                return !isUnsettled(record);
            case Phase::FindMessage:  // these end with a Wait before the call is made
            case Phase::FindRun:
            case Phase::PollRun:
            case Phase::ListMessages:
            case Phase::FindLostRun:
            case Phase::CancelRun:
            case Phase::DeleteThread:
            case Phase::Done:
                return false;
        }
        return true;
    }

    std::vector<std::string> headers() const override { return {"OpenAI-Beta: assistants=v2"}; }
};

}  // namespace

const Machine& assistantsMachine() {
    static const AssistantsMachine machine;
    return machine;
}

AssistantsTurn::AssistantsTurn(const Context& context, const Record& record)
    : context_(context), step_{record, Finished{}, std::nullopt, {}}, record_(step_.record) {}

Step AssistantsTurn::on(const Event& event) {
    if (isFinal(record_.status)) {
        onFinal(event);
    } else {
        onLive(event);
    }
    return std::move(step_);
}

void AssistantsTurn::onLive(const Event& event) {
    const bool hasBegun = record_.deadline != 0;
    if (hasBegun && context_.now >= record_.deadline) {
        return runTimedOut();
    }
    if (std::holds_alternative<Cancel>(event)) {
        return cancel();
    }
    if (!hasBegun) {
        return begin();
    }
    if (isStray(event)) {
        return waitUntilDue();
    }
    if (const auto* response = std::get_if<Response>(&event)) {
        return onReply(*response);
    }
    if (const auto* failure = std::get_if<TransportFailure>(&event)) {
        return onFailure(failureOf(*failure, purpose()));
    }
    goOn();
}

void AssistantsTurn::begin() {
    record_.deadline = std::max<std::uint64_t>(context_.now + context_.settings.runTimeout, 1);
    const std::string_view threadId = context_.request.threadId;
    if (threadId.empty()) {
        return goOn();
    }
    if (!isProviderId(threadId) || !record_.threadId.assign(threadId)) {
        return fail({"ProviderError", "the thread id is malformed", 502});
    }
    record_.ownsThread = false;
    record_.phase = Phase::AddMessage;
    goOn();
}

/// No call is under way: make the one of this phase as soon as it is due.
void AssistantsTurn::goOn() {
    if (isUnsettled(record_)) {
        return outcomeIsUnknown(interruption(purpose()));
    }
    if (context_.now < record_.notBefore) {
        return waitUntilDue();
    }
    send();
}

void AssistantsTurn::send() {
    if (isOnceOnly(record_.phase)) {
        record_.intentAt = std::max<std::uint64_t>(context_.now, 1);
        ++record_.rounds;
    } else if (record_.phase == Phase::PollRun) {
        record_.notBefore = context_.now + context_.settings.pollInterval;
        ++record_.polls;
    }
    step_.command = callOf(context_, record_);
}

void AssistantsTurn::waitUntilDue() {
    step_.command = Wait{std::min(record_.notBefore, record_.deadline)};
}

void AssistantsTurn::onReply(const Response& response) {
    if (outcomeOf(response.status, {}, std::nullopt) == Outcome::Accepted) {
        return progress(response);
    }
    onFailure(refusal(response, purpose()));
}

void AssistantsTurn::onFailure(Failure failure) {
    const bool onceOnly = isOnceOnly(record_.phase);
    note(std::move(failure.note));
    if (failure.isNotOffered && record_.phase == Phase::FindRun) {
        return failUnknown(failure);
    }
    if (failure.threadIsBusy && record_.phase == Phase::CreateRun && mayHoldTheLockItself()) {
        // The list tells.
        failure.outcome =
            failure.outcome == Outcome::RefusedForNow ? Outcome::Unknown : Outcome::UnknownForGood;
    } else if (failure.outcome == Outcome::RefusedForNow ||
               failure.outcome == Outcome::RefusedForGood) {
        record_.intentAt = 0;
    }
    const bool isLost = record_.phase == Phase::CreateRun && record_.intentAt != 0 &&
                        record_.guarantee == StartGuarantee::AtMostOnce;
    switch (reactionTo(failure.outcome, onceOnly ? CallKind::OnceOnly : CallKind::Repeatable)) {
        case Reaction::Again:
            return tryAgain(failure, onceOnly ? record_.rounds : ++record_.failures);
        case Reaction::LookUp:
            return outcomeIsUnknown(failure);
        case Reaction::GiveUp:
            return isLost ? failUnknown(failure) : fail(std::move(failure.error));
    }
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

void AssistantsTurn::tryAgain(const Failure& failure, unsigned tries) {
    if (tries > context_.settings.retries) {
        return fail(failure.error);
    }
    const std::uint64_t left = record_.deadline - context_.now;
    const auto pause = pauseBefore(tries, context_.random, failure.retryAfter, left);
    if (!pause) {
        JobError error = failure.error;
        error.message += "; it asks for a longer pause than the run has time left";
        return fail(std::move(error));
    }
    record_.notBefore = std::max(context_.now + *pause, record_.intentAt + 1);
    waitUntilDue();
}

/// A message that is added twice costs little, but a look-up as little.
void AssistantsTurn::outcomeIsUnknown(const Failure& failure) {
    if (record_.phase != Phase::CreateRun || failure.threadIsBusy) {
        return lookUp(failure);
    }
    switch (record_.guarantee) {
        case StartGuarantee::Lookup:
            return lookUp(failure);
        case StartGuarantee::AtMostOnce:
            return failUnknown(failure);
        case StartGuarantee::AtLeastOnce:
            return tryAgain(failure, record_.rounds);
    }
}

void AssistantsTurn::lookUp(const Failure& failure) {
    const bool isRun = record_.phase == Phase::CreateRun;
    const std::uint64_t grace = isRun ? context_.settings.lookupGrace
                                      : std::min(context_.settings.lookupGrace, kMessageGrace);
    record_.phase = isRun ? Phase::FindRun : Phase::FindMessage;
    record_.failures = 0;
    // From now on, not from the intent: the call may have waited for a
    // connection, and was perhaps sent only just now.
    record_.notBefore = context_.now + (failure.threadIsBusy ? 0 : grace);
    goOn();
}

void AssistantsTurn::failUnknown(const Failure& failure) {
    std::string message =
        failure.error.message + "; the run may have been started and is not tried again";
    if (step_.note.empty()) {
        note(message);
    }
    fail({"StartOutcomeUnknown", std::move(message), 502});
}

/// Nobody waits for this answer: the call that is next was not made yet.
bool AssistantsTurn::isStray(const Event& event) const {
    const bool isAnswer =
        std::holds_alternative<Response>(event) || std::holds_alternative<TransportFailure>(event);
    return isAnswer && record_.phase != Phase::PollRun && context_.now < record_.notBefore;
}

const char* AssistantsTurn::purpose() const {
    return purposeOf(record_.phase);
}

void AssistantsTurn::note(std::string text) {
    if (text.empty()) {
        return;
    }
    step_.note = step_.note.empty() ? std::move(text) : step_.note + "; " + text;
}

}  // namespace edgerun::run
