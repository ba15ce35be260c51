#include "edgerun/run/turn.h"

#include <algorithm>

#include "edgerun/run/provider_error.h"
#include "edgerun/run/provider_id.h"
#include "edgerun/run/retry.h"

/// What an event means while the job is live, and the commands that follow.
namespace edgerun::run {
namespace {

constexpr std::uint64_t kShortestHint = 100;
constexpr std::uint64_t kShortestPause = 50;
constexpr std::size_t kStatusLimit = 40;  // bytes of a status that is unknown
// By which the clock of a transfer may be ahead of the caller's, which is coarse.
constexpr std::uint64_t kClockSkew = 50;

bool isAnswer(const Event& event) {
    return std::holds_alternative<Response>(event) ||
           std::holds_alternative<TransportFailure>(event);
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
        case Phase::FindAssistant:
            return "look for the assistant";
        case Phase::CreateAssistant:
            return "create the assistant";
        case Phase::UpdateAssistant:
            return "update the assistant";
        case Phase::CallTools:
            return "call the tools";
        case Phase::AwaitOutputs:
            return "await the tool outputs";
        case Phase::SubmitOutputs:
            return "submit the tool outputs";
        case Phase::ListSteps:
            return "read the steps";
        case Phase::DeleteRun:
            return "delete the run";
    }
    return "";
}

Turn::Turn(const Context& context, const Record& record)
    : context_(context),
      step_{record, Finished{}, {}, {}, {}, {}, false, {}},
      record_(step_.record) {}

Step Turn::on(const Event& event) {
    if (isFinal(record_.status)) {
        onFinal(event);
    } else {
        onLive(event);
    }
    return std::move(step_);
}

void Turn::onLive(const Event& event) {
    const bool hasBegun = record_.deadline != 0;
    if (hasBegun && (context_.now >= record_.deadline || isHeldToTheEnd(event))) {
        const auto* response = std::get_if<Response>(&event);
        if (response != nullptr && isLateStart(*response)) {
            takeLateRun(*response);
        }
        return timedOut();
    }
    if (std::holds_alternative<Cancel>(event)) {
        return cancel();
    }
    if (std::holds_alternative<NoRoom>(event)) {
        return noRoom();
    }
    if (!hasBegun) {
        return begin();
    }
    if (const auto* outputs = std::get_if<ToolOutputs>(&event)) {
        return takeOutputs(*outputs);
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

/// A held call has all the time that is left; it is not its outcome that is unknown then.
bool Turn::isHeldToTheEnd(const Event& event) const {
    return isHeld() && std::holds_alternative<TransportFailure>(event) && !isStray(event) &&
           context_.now + kClockSkew >= record_.deadline;
}

/// A run that goes on: without its id it could not be cancelled. It may be late, for the time of
/// its call counts from the decision to make it.
bool Turn::isLateStart(const Response& response) const {
    return record_.phase == Phase::CreateRun && record_.intentAt != 0 && !isHeld() &&
           !isStray(response) && outcomeOf(response.status, {}, std::nullopt) == Outcome::Accepted;
}

void Turn::noRoom() {
    if (!seesToNoRoom()) {
        fail({"ZoneFull", "the job zone has no room for what the job needs to go on", 503});
    }
}

void Turn::begin() {
    record_.deadline = std::max<std::uint64_t>(context_.now + context_.settings.runTimeout, 1);
    const std::string_view threadId = context_.request.threadId;
    if (!threadId.empty() && (!isProviderId(threadId) || !record_.threadId.assign(threadId))) {
        return fail({"ProviderError", "the thread id is malformed", 502});
    }
    record_.ownsThread = threadId.empty();
    setOut();
}

/// Nobody waits for this answer: the call that is next was not made yet.
bool Turn::isStray(const Event& event) const {
    const bool awaitsOutputs =
        record_.phase == Phase::CallTools || record_.phase == Phase::AwaitOutputs;
    const bool isEarly = record_.phase != Phase::PollRun && context_.now < record_.notBefore;
    return isAnswer(event) && (awaitsOutputs || isEarly);
}

void Turn::onReply(const Response& response) {
    if (outcomeOf(response.status, {}, std::nullopt) == Outcome::Accepted) {
        return progress(response);
    }
    onFailure(refusal(response, purpose()));
}

// --- commands ---

/// No call is under way: make the one of this phase as soon as it is due.
void Turn::goOn() {
    if (isUnsettled()) {
        return outcomeIsUnknown(interruption(purpose()));
    }
    if (record_.phase == Phase::AwaitOutputs || context_.now < record_.notBefore) {
        return waitUntilDue();
    }
    if (record_.phase == Phase::CallTools) {
        return sendToolCalls();
    }
    if (!seesToCall()) {
        send();
    }
}

void Turn::send() {
    if (isOnceOnly(record_.phase)) {
        record_.intentAt = std::max<std::uint64_t>(context_.now, 1);
        ++record_.rounds;
    } else if (record_.phase == Phase::PollRun) {
        record_.notBefore = context_.now + context_.settings.pollInterval;
        ++record_.polls;
    }
    Call next = call();
    const std::uint64_t most =
        isHeld() ? timeLeft() : std::min(context_.settings.requestTimeout, timeLeft());
    next.timeout = next.timeout != 0 ? std::min(next.timeout, most) : most;
    next.once = isOnceOnly(record_.phase);
    next.held = isHeld();
    step_.command = std::move(next);
}

void Turn::waitUntilDue() {
    const bool isForClient = record_.phase == Phase::AwaitOutputs;
    step_.command =
        Wait{isForClient ? record_.deadline : std::min(record_.notBefore, record_.deadline)};
}

void Turn::goOnWithRequest() {
    record_.notBefore = context_.now;
    waitUntilDue();
}

/// From the start of the last poll, so that its round trip does not count.
void Turn::schedulePoll(const Response& hints) {
    const Settings& settings = context_.settings;
    const std::uint64_t issuedAt =
        record_.notBefore - std::min(record_.notBefore, settings.pollInterval);
    std::uint64_t interval = settings.pollInterval;
    if (const auto hint = hints.pollAfter ? hints.pollAfter : hints.retryAfter) {
        interval = std::min(std::max(*hint, kShortestHint), settings.pollIntervalMax);
    }
    record_.notBefore = std::max(issuedAt + interval, context_.now + kShortestPause);
}

/// A job that another provider began stays as old as it was.
void Turn::showRunning() {
    record_.status = JobStatus::Running;
    record_.startedWall = record_.startedWall != 0 ? record_.startedWall : context_.nowWall;
    step_.visible = Visible{};
}

std::uint64_t Turn::timeLeft() const {
    return record_.deadline > context_.now ? record_.deadline - context_.now : 1;
}

void Turn::note(std::string text) {
    if (text.empty()) {
        return;
    }
    step_.note = step_.note.empty() ? std::move(text) : step_.note + "; " + text;
}

void Turn::noteOddStatus(std::string_view status) {
    if (!record_.oddStatusNoted) {
        record_.oddStatusNoted = true;
        note("the run has an unknown status: " + cleanProviderText(status, kStatusLimit));
    }
}

}  // namespace edgerun::run
