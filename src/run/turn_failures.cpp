#include <algorithm>

#include "edgerun/run/retry.h"
#include "edgerun/run/turn.h"

/// Calls that did not give what they were made for.
namespace edgerun::run {

/// May a call that must not be repeated blindly have been sent, of which nothing is known yet?
/// With at_least_once it is repeated so: what is due later than the intent is the next try.
bool Turn::isUnsettled() const {
    const bool isNextTryDue = record_.guarantee == StartGuarantee::AtLeastOnce &&
                              record_.phase == Phase::CreateRun &&
                              record_.notBefore > record_.intentAt;
    return isOnceOnly(record_.phase) && record_.intentAt != 0 && !isNextTryDue;
}

void Turn::onFailure(Failure failure) {
    const bool onceOnly = isOnceOnly(record_.phase);
    note(std::move(failure.note));
    if (seesTo(failure)) {
        return;
    }
    if (failure.outcome == Outcome::RefusedForNow || failure.outcome == Outcome::RefusedForGood) {
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
            if (isLost) {
                return failUnknown(failure);
            }
            step_.mayFallBack = failure.mayFallBack;
            return fail(std::move(failure.error));
    }
}

void Turn::tryAgain(const Failure& failure, unsigned tries) {
    if (tries > context_.settings.retries) {
        step_.mayFallBack = failure.mayFallBack;
        return fail(failure.error);
    }
    const auto pause = pauseBefore(tries, context_.random, failure.retryAfter, timeLeft());
    if (!pause) {
        JobError error = failure.error;
        error.message += "; it asks for a longer pause than the run has time left";
        step_.mayFallBack = failure.mayFallBack;
        return fail(std::move(error));
    }
    record_.notBefore = std::max(context_.now + *pause, record_.intentAt + 1);
    waitUntilDue();
}

/// A message that is added twice costs little, but a look-up as little.
void Turn::outcomeIsUnknown(const Failure& failure) {
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

void Turn::failUnknown(const Failure& failure) {
    std::string message =
        failure.error.message + "; the run may have been started and is not tried again";
    if (step_.note.empty()) {
        note(message);
    }
    fail({"StartOutcomeUnknown", std::move(message), 502});
}

/// The call itself is left to the next event, for which the caller loads the request.
void Turn::startOver(Phase phase, const char* why, std::uint64_t pause) {
    record_.intentAt = 0;
    record_.failures = 0;
    record_.phase = phase;
    if (!hasTriesLeft()) {
        const std::string tries = " (" + std::to_string(record_.rounds) + " tries)";
        step_.mayFallBack = true;
        return fail({"ProviderUnavailable", why + tries, 502});
    }
    record_.notBefore = context_.now + pause;
    waitUntilDue();
}

}  // namespace edgerun::run
