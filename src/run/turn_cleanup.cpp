#include <algorithm>

#include "edgerun/run/provider_error.h"
#include "edgerun/run/retry.h"
#include "edgerun/run/turn.h"

/// How a job ends, and what is left to do for it upstream.
namespace edgerun::run {
namespace {

std::string inSeconds(std::uint64_t milliseconds) {
    return milliseconds % 1000 == 0 ? std::to_string(milliseconds / 1000) + " s"
                                    : std::to_string(milliseconds) + " ms";
}

/// The thread or run is not there, or the run is over (cancel answers 400
/// then), or the provider lets nobody delete runs: nothing to undo.
bool isGone(int status, Phase phase) {
    const bool isUndone =
        phase == Phase::CancelRun || phase == Phase::DeleteThread || phase == Phase::DeleteRun;
    return isUndone && (status == 404 || (status == 400 && phase == Phase::CancelRun) ||
                        (status == 405 && phase == Phase::DeleteRun));
}

std::string withCleaned(const std::string& what, std::string_view raw) {
    const std::string text = cleanProviderText(raw);
    return text.empty() ? what : what + ": " + text;
}

std::uint64_t later(std::uint64_t time, std::uint64_t ms) {
    return ms > UINT64_MAX - time ? UINT64_MAX : time + ms;
}

}  // namespace

void Turn::fail(JobError error) {
    step_.mayFallBack = step_.mayFallBack && nothingWasStarted();
    const bool leavesThread =
        record_.ownsThread && !record_.threadId.empty() && !context_.isThreadWanted;
    if (step_.mayFallBack && leavesThread && hasThreadUpstream()) {
        const Phase former = record_.phase;
        record_.phase = Phase::DeleteThread;
        step_.parting = call();
        step_.parting->timeout = context_.settings.requestTimeout;
        record_.phase = former;
    }
    finish(JobStatus::Failed, {{}, std::move(error), {}, {}, {}}, cleanUpFromHere());
}

void Turn::runFailed(std::string_view code, std::string_view message, Phase cleanUp) {
    constexpr std::size_t kCodeLimit = 64;
    const std::string what = "the run failed";
    note(withCleaned(code.empty() ? what : what + " (" + cleanProviderText(code, kCodeLimit) + ")",
                     message));
    const char* name = code == "rate_limit_exceeded" ? "RateLimited" : "RunFailed";
    finish(JobStatus::Failed, {{}, JobError{name, withCleaned(what, message), 502}, {}, {}, {}},
           cleanUp);
}

/// Before the first run, and no try of it may still become one.
bool Turn::nothingWasStarted() const {
    const bool isAtRun = record_.phase == Phase::CreateRun;
    return record_.runId.empty() && record_.toolRounds == 0 && !mayGoOnUnseen() &&
           !(isAtRun && record_.intentAt != 0) && record_.phase != Phase::FindRun;
}

/// Tries that follow one another blindly overwrite each other's intents.
bool Turn::wasTriedBlindly() const {
    const bool isAtRun = record_.phase == Phase::CreateRun || record_.phase == Phase::FindRun;
    return record_.guarantee == StartGuarantee::AtLeastOnce &&
           (record_.isAssistantNew || (isAtRun && record_.rounds > 1));
}

void Turn::cancel() {
    finish(JobStatus::Cancelled, {}, cleanUpFromHere());
}

void Turn::timedOut() {
    if (record_.phase == Phase::AwaitOutputs) {
        return fail({"ActionExpired", "no tool outputs came in time", 504});
    }
    fail({"RunTimeout", "the run did not end within " + inSeconds(context_.settings.runTimeout),
          504});
}

/// A job ends here for everybody but the provider.
void Turn::finish(JobStatus status, Visible visible, Phase cleanUp) {
    record_.hadNoRun = status != JobStatus::Completed && nothingWasStarted();
    record_.status = status;
    record_.completedWall = context_.nowWall;
    record_.deadline = context_.now + context_.settings.cleanupTimeout;
    step_.visible = std::move(visible);
    ended();
    enterCleanUp(cleanUp);
}

void Turn::enterCleanUp(Phase phase) {
    if (phase == Phase::DeleteThread) {
        return enterDeleteThread();
    }
    const bool isWaitingAlready = record_.phase == Phase::FindRun;
    record_.phase = phase;
    record_.failures = 0;
    if (phase != Phase::FindLostRun) {
        record_.notBefore = 0;
        record_.intentAt = 0;
    } else if (!isWaitingAlready) {
        record_.notBefore = context_.now + context_.settings.lookupGrace;
    }
    if (phase == Phase::FindLostRun) {
        // The time for the clean-up begins when there is something to find.
        record_.deadline =
            std::max(record_.deadline, record_.notBefore + context_.settings.cleanupTimeout);
    }
    if (phase != Phase::Done) {
        return goOn();
    }
    // From now on it is the memory of a thread that nobody else keeps.
    record_.keepsRequest = record_.keepsRequest && !record_.threadId.empty() &&
                           !hasThreadUpstream() && !record_.isThreadGone && !record_.erased;
    step_.command = Finished{};
}

/// The last job of a thread deletes it, when its time is over.
void Turn::enterDeleteThread() {
    const std::uint64_t kept = record_.isThreadGone ? 0 : context_.settings.keepThreads;
    const bool isNothingThere = record_.threadId.empty() && !deletesRuns();
    if (isNothingThere || kept == kKeepForever || context_.isThreadWanted) {
        return enterCleanUp(Phase::Done);
    }
    record_.phase = Phase::DeleteThread;
    record_.failures = 0;
    record_.intentAt = 0;
    record_.notBefore = 0;
    if (kept != 0 && !context_.isZoneCrowded) {
        record_.notBefore = later(context_.now, kept);
        record_.deadline = later(record_.notBefore, context_.settings.cleanupTimeout);
    }
    onFinal(Timer{});
}

void Turn::onFinal(const Event& event) {
    if (record_.phase == Phase::Done) {
        step_.command = Finished{};
        return;
    }
    // A thread's time may have passed while nobody ran: the first try is made all the same.
    const bool isThreadKept = record_.phase == Phase::DeleteThread && !record_.isThreadGone;
    if (context_.now >= record_.deadline && !isThreadKept) {
        note(std::string("gave up to ") + purpose());
        return enterCleanUp(Phase::Done);
    }
    // A final job is cancelled when its owner erases it.
    if (isThreadKept && std::holds_alternative<Cancel>(event)) {
        record_.notBefore = context_.now;
        record_.deadline = context_.now + context_.settings.cleanupTimeout;
    }
    if (isStray(event)) {
        return waitUntilDue();
    }
    if (const auto* response = std::get_if<Response>(&event)) {
        return onCleanUpReply(*response);
    }
    if (const auto* failure = std::get_if<TransportFailure>(&event)) {
        return cleanUpFailed(failureOf(*failure, purpose()));
    }
    if (record_.phase == Phase::DeleteThread && context_.now >= record_.notBefore) {
        return deleteThread();
    }
    goOn();
}

/// From now on nobody is to continue it.
void Turn::deleteThread() {
    if (context_.isThreadWanted) {
        return enterCleanUp(Phase::Done);
    }
    const bool isFirst = !record_.isThreadGone;
    if (isFirst && context_.now >= record_.deadline) {
        record_.deadline = context_.now + context_.settings.cleanupTimeout;
    }
    record_.isThreadGone = true;
    if (isFirst && deletesRuns()) {
        return enterCleanUp(Phase::DeleteRun);
    }
    if (!hasThreadUpstream()) {
        return enterCleanUp(Phase::Done);
    }
    goOn();
}

void Turn::onCleanUpReply(const Response& response) {
    const bool isAccepted = outcomeOf(response.status, {}, std::nullopt) == Outcome::Accepted;
    if (!isAccepted && !isGone(response.status, record_.phase)) {
        return cleanUpFailed(refusal(response, purpose()));
    }
    if (record_.phase == Phase::DeleteThread) {
        return enterCleanUp(Phase::Done);
    }
    cleanedUp(response);
}

/// All calls of the clean-up may be repeated; none is worth more than a note.
void Turn::cleanUpFailed(const Failure& failure) {
    note(failure.note);
    const auto pause =
        pauseBefore(record_.failures + 1U, context_.random, failure.retryAfter, timeLeft());
    const bool isHopeless = reactionTo(failure.outcome, CallKind::Repeatable) == Reaction::GiveUp;
    if (isHopeless || !pause || record_.failures >= context_.settings.retries) {
        return enterCleanUp(record_.phase == Phase::DeleteThread ? Phase::Done
                                                                 : cleanUpAfter(record_.phase));
    }
    ++record_.failures;
    record_.notBefore = context_.now + *pause;
    waitUntilDue();
}

}  // namespace edgerun::run
