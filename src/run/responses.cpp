#include <algorithm>
#include <string>

#include "edgerun/run/definition_json.h"
#include "edgerun/run/provider_id.h"
#include "edgerun/run/responses_calls.h"
#include "edgerun/run/responses_turn.h"
#include "edgerun/run/responses_work.h"
#include "edgerun/run/retry.h"

namespace edgerun::run {
namespace {

// Tries to answer a conversation's open calls: for each page of them, and some that fail.
constexpr unsigned kMostClosings = 16;

class ResponsesMachine final : public Machine {
public:
    Step next(const Context& context, const Record& record, const Event& event) const override {
        return ResponsesTurn(context, record).on(event);
    }

    bool needsRequest(const Record& record) const override;
    bool remembersThreads(const Settings& settings) const override {
        return !settings.hasConversations;
    }
    std::vector<std::string> headers() const override { return {}; }
};

bool ResponsesMachine::needsRequest(const Record& record) const {
    if (isFinal(record.status)) {
        return record.keepsRequest && record.phase != Phase::Done;
    }
    // Until the first response is over, nothing was written for a thread of its own.
    return record.phase != Phase::PollRun || record.toolRounds > 0 || !record.ownsThread;
}

}  // namespace

const Machine& responsesMachine() {
    static const ResponsesMachine machine;
    return machine;
}

void ResponsesTurn::setOut() {
    record_.isForeground = !context_.settings.runsInBackground;
    record_.keepsRequest = true;
    if (modelOf(context_).empty()) {
        return fail(
            {"ServiceUnavailable", "neither the assistant nor the provider has a model", 503});
    }
    if (!context_.settings.hasConversations) {
        return setOutAlone();
    }
    if (record_.ownsThread) {
        record_.phase = Phase::CreateThread;
        return goOn();
    }
    if (record_.guarantee != StartGuarantee::Lookup) {
        return createRun();
    }
    // By its text alone, a look-up could take the last job's message for this one's.
    record_.phase = Phase::FindMessage;
    goOn();
}

/// The thread is edgerun's own: a chain of responses, of which its jobs remember the last.
void ResponsesTurn::setOutAlone() {
    if (!record_.ownsThread) {
        if (!takeMemory(work(), context_.request.memory)) {
            record_.isThreadGone = true;
            return fail({"ThreadUnknown", "the thread is not known any more", 404});
        }
        setWork();
    } else if (context_.settings.keepThreads != 0) {
        const std::string id = "thread_" + std::string(context_.jobId);
        if (isProviderId(id)) {
            record_.threadId.assign(id);
        }
    }
    createRun();
}

/// A held call is the run itself, from the moment that it is sent.
void ResponsesTurn::createRun() {
    record_.phase = Phase::CreateRun;
    if (record_.isForeground && record_.status == JobStatus::Pending) {
        showRunning();
    }
    goOn();
}

void ResponsesTurn::submitOutputs() {
    record_.polls = 0;
    createRun();
}

Call ResponsesTurn::call() const {
    return responsesCall(context_, record_, work());
}

bool ResponsesTurn::isHeld() const {
    return record_.phase == Phase::CreateRun && record_.isForeground;
}

bool ResponsesTurn::isOnceOnly(Phase phase) const {
    return phase == Phase::CreateRun || phase == Phase::SubmitOutputs;
}

bool ResponsesTurn::seesTo(Failure& failure) {
    const bool isForGood = failure.outcome == Outcome::RefusedForGood;
    if (record_.phase == Phase::FindMessage && isForGood) {
        createRun();  // which tells better what is wrong
        return true;
    }
    if (record_.phase == Phase::FindRun && failure.isNotOffered && isForGood) {
        failUnknown(failure);
        return true;
    }
    if (record_.phase == Phase::PollRun && failure.isNotOffered && isForGood) {
        return responseIsNotShown(failure);
    }
    if (record_.phase == Phase::CreateRun) {
        return (failure.threadIsBusy && conversationIsLocked(failure)) ||
               (isForGood && !failure.mayFallBack && conversationMayHaveMoved(failure));
    }
    return false;
}

/// An earlier try may have come to its end since the look at its conversation: this one is refused
/// then for what stands there, such as calls that lack their outputs.
bool ResponsesTurn::conversationMayHaveMoved(const Failure& failure) {
    if (record_.polls == 0 || !hasTriesLeft() || !canLookUp()) {
        return false;
    }
    lookUp(failure);
    return true;
}

/// By an earlier try of this job, or by somebody else in a continued thread. This one has surely
/// started nothing, so it does not count: the lock is waited for until the run's deadline.
bool ResponsesTurn::conversationIsLocked(const Failure& failure) {
    if (failure.outcome != Outcome::RefusedForNow || !isInConversation(context_, record_)) {
        return false;
    }
    const bool isBlind = wasTriedBlindly();
    record_.rounds -= record_.rounds > 0 ? 1 : 0;
    if (record_.failures > 0 || record_.polls > 1) {
        step_.note.clear();  // it was said of the first one
    }
    const std::uint64_t asked = std::min(failure.retryAfter.value_or(0), timeLeft());
    if (mayHoldTheLockItself()) {
        record_.phase = Phase::FindRun;
        record_.failures = 0;
        lookAgain();
    } else {
        record_.intentAt = isBlind ? record_.intentAt : 0;
        record_.notBefore = context_.now + lockPause(record_.failures);
        record_.failures += record_.failures < UINT8_MAX ? 1 : 0;
    }
    record_.notBefore = std::max(record_.notBefore, context_.now + asked);
    waitUntilDue();
    return true;
}

bool ResponsesTurn::mayHoldTheLockItself() const {
    const bool wasTriedBefore = record_.rounds > 0 || record_.polls > 0;
    return wasTriedBefore && record_.guarantee != StartGuarantee::AtMostOnce && canLookUp();
}

/// The provider does not show a response. If it has never shown one, it may not know of background
/// work, as some servers do: then the call is held. Otherwise it is lost, by retention or restart.
bool ResponsesTurn::responseIsNotShown(const Failure& failure) {
    const bool hasEverBeenShown = record_.intentAt == 0;
    if (hasEverBeenShown || record_.isForeground) {
        failRun({"ProviderError", "the provider does not have the response any more", 502});
    } else if (record_.guarantee == StartGuarantee::AtMostOnce) {
        failUnknown(failure);
    } else {
        holdCallInstead();
    }
    return true;
}

/// The first one may go on all the same, or be over: its conversation tells, if it has one.
void ResponsesTurn::holdCallInstead() {
    note(
        "the provider shows no responses in background; it is asked for one in foreground, as "
        "\"background off\" says at once");
    record_.isForeground = true;
    record_.phase = canLookUp() ? Phase::FindRun : Phase::CreateRun;
    record_.intentAt = 0;
    record_.failures = 0;
    record_.rounds = 0;
    record_.polls = 1;
    goOnWithRequest();
}

void ResponsesTurn::lookUp(const Failure& failure) {
    if (record_.phase == Phase::SubmitOutputs) {
        return enterCleanUp(record_.rounds < kMostClosings ? Phase::FindLostRun
                                                           : Phase::DeleteThread);
    }
    if (!canLookUp()) {
        return failUnknown(failure);
    }
    record_.phase = Phase::FindRun;
    record_.failures = 0;
    ++record_.polls;
    // From now on, not from the intent: the call may have waited for a
    // connection, and was perhaps sent only just now.
    record_.notBefore = context_.now + context_.settings.lookupGrace;
    goOn();
}

/// Calls of functions have ids of their own, and messages in an own conversation no others beside.
bool ResponsesTurn::canLookUp() const {
    return isInConversation(context_, record_) &&
           (record_.ownsThread || record_.toolRounds > 0 || knowsWhereItBegan(work()));
}

void ResponsesTurn::lookAgain() {
    record_.notBefore = context_.now + lockPause(record_.polls > 0 ? record_.polls - 1 : 0);
    ++record_.polls;
    waitUntilDue();
}

}  // namespace edgerun::run
