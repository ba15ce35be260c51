#include <algorithm>

#include "edgerun/run/assistants_calls.h"
#include "edgerun/run/assistants_turn.h"

namespace edgerun::run {
namespace {

std::string inSeconds(std::uint64_t milliseconds) {
    return milliseconds % 1000 == 0 ? std::to_string(milliseconds / 1000) + " s"
                                    : std::to_string(milliseconds) + " ms";
}

/// The thread or run is not there, or the run is over (cancel answers 400
/// then): nothing to undo.
bool isGone(int status, Phase phase) {
    return status == 404 || (status == 400 && phase == Phase::CancelRun);
}

}  // namespace

void AssistantsTurn::fail(JobError error) {
    finish(JobStatus::Failed, {{}, std::move(error), {}, {}}, cleanUpFromHere());
}

void AssistantsTurn::cancel() {
    finish(JobStatus::Cancelled, {}, cleanUpFromHere());
}

void AssistantsTurn::runTimedOut() {
    fail({"RunTimeout", "the run did not end within " + inSeconds(context_.settings.runTimeout),
          504});
}

/// A job ends here for everybody but the provider.
void AssistantsTurn::finish(JobStatus status, Visible visible, Phase cleanUp) {
    record_.status = status;
    record_.completedWall = context_.nowWall;
    record_.deadline = context_.now + context_.settings.cleanupTimeout;
    step_.visible = std::move(visible);
    enterCleanUp(cleanUp);
}

/// What may still be going on upstream when a job ends in its present phase.
Phase AssistantsTurn::cleanUpFromHere() const {
    // Tries that follow one another blindly overwrite each other's intents.
    const bool isOneOfSeveral =
        record_.guarantee == StartGuarantee::AtLeastOnce && record_.rounds > 1;
    const bool mayHaveStarted = record_.intentAt != 0 || isOneOfSeveral;
    switch (record_.phase) {
        case Phase::CreateRun:
        case Phase::FindRun:
            return mayHaveStarted ? Phase::FindLostRun : Phase::DeleteThread;
        case Phase::PollRun:
            return Phase::CancelRun;
        case Phase::CreateThread:
        case Phase::AddMessage:
        case Phase::FindMessage:
        case Phase::ListMessages:
        case Phase::FindLostRun:
        case Phase::CancelRun:
        case Phase::DeleteThread:
        case Phase::Done:
            return Phase::DeleteThread;
    }
    return Phase::DeleteThread;
}

void AssistantsTurn::enterCleanUp(Phase phase) {
    const bool keepsThread =
        !record_.ownsThread || context_.settings.keepThreads || record_.threadId.empty();
    const bool isWaitingAlready = record_.phase == Phase::FindRun;
    record_.phase = phase == Phase::DeleteThread && keepsThread ? Phase::Done : phase;
    record_.failures = 0;
    if (record_.phase != Phase::FindLostRun) {
        record_.notBefore = 0;
        record_.intentAt = 0;
    } else if (!isWaitingAlready) {
        record_.notBefore = context_.now + context_.settings.lookupGrace;
    }
    if (record_.phase == Phase::FindLostRun) {
        // The time for the clean-up begins when there is something to find.
        record_.deadline =
            std::max(record_.deadline, record_.notBefore + context_.settings.cleanupTimeout);
    }
    if (record_.phase != Phase::Done) {
        return goOn();
    }
    step_.command = Finished{};
}

void AssistantsTurn::onFinal(const Event& event) {
    if (record_.phase == Phase::Done) {
        step_.command = Finished{};
        return;
    }
    if (context_.now >= record_.deadline) {
        note(std::string("gave up to ") + purpose());
        return enterCleanUp(Phase::Done);
    }
    if (isStray(event)) {
        return waitUntilDue();
    }
    if (const auto* response = std::get_if<Response>(&event)) {
        return cleanedUp(*response);
    }
    if (const auto* failure = std::get_if<TransportFailure>(&event)) {
        return cleanUpFailed(failureOf(*failure, purpose()));
    }
    goOn();
}

void AssistantsTurn::cleanedUp(const Response& response) {
    const bool isAccepted = outcomeOf(response.status, {}, std::nullopt) == Outcome::Accepted;
    if (record_.phase != Phase::FindLostRun) {
        if (!isAccepted && !isGone(response.status, record_.phase)) {
            return cleanUpFailed(refusal(response, purpose()));
        }
        return enterCleanUp(record_.phase == Phase::CancelRun ? Phase::DeleteThread : Phase::Done);
    }
    if (!isAccepted) {
        return cleanUpFailed(refusal(response, purpose()));
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

/// All calls of the clean-up may be repeated; none is worth more than a note.
void AssistantsTurn::cleanUpFailed(const Failure& failure) {
    note(failure.note);
    const std::uint64_t left = record_.deadline - context_.now;
    const auto pause =
        pauseBefore(record_.failures + 1U, context_.random, failure.retryAfter, left);
    const bool isHopeless = reactionTo(failure.outcome, CallKind::Repeatable) == Reaction::GiveUp;
    if (isHopeless || !pause || record_.failures >= context_.settings.retries) {
        return enterCleanUp(record_.phase == Phase::DeleteThread ? Phase::Done
                                                                 : Phase::DeleteThread);
    }
    ++record_.failures;
    record_.notBefore = context_.now + *pause;
    waitUntilDue();
}

}  // namespace edgerun::run
