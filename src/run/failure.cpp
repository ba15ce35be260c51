#include "edgerun/run/failure.h"

#include "edgerun/run/provider_error.h"

namespace edgerun::run {
namespace {

std::string sentence(std::string_view doing, std::string_view what) {
    return std::string("could not ").append(doing).append(": ").append(what);
}

std::string withText(const std::string& what, const std::string& text) {
    return text.empty() ? what : what + ": " + text;
}

/// https://platform.openai.com/docs/api-reference/runs: the lock has no code,
/// only these words (create run, create message).
bool isThreadLock(int status, std::string_view message) {
    constexpr auto npos = std::string_view::npos;
    return status == 400 &&
           (message.find("already has an active run") != npos ||
            (message.find("Can't add messages to") != npos && message.find("is active") != npos));
}

/// What the request itself brings about would happen elsewhere too.
bool isOfTheRequest(int status) {
    return status == 400 || status == 413 || status == 422;
}

/// Name and text by status. Texts about edgerun's own account are for the
/// operator alone.
JobError clientError(int status, const ProviderError& error, std::string_view doing) {
    const std::string answered = "the provider answered " + std::to_string(status);
    if (status == 401 || status == 403) {
        return {"ProviderError", sentence(doing, "the provider refused edgerun's credentials"),
                502};
    }
    if (isBillingCode(error.code)) {
        return {"RateLimited", sentence(doing, "edgerun's quota at the provider is spent"), 502};
    }
    const std::string text = sentence(doing, withText(answered, cleanProviderText(error.message)));
    if (status == 429) {
        return {"RateLimited", text, 502};
    }
    if (status == 408 || status >= 500) {
        return {"ProviderUnavailable", text, 502};
    }
    return {"ProviderError", text, 502};
}

std::string operatorNote(int status, const ProviderError& error, std::string_view doing) {
    std::string what = "the provider answered " + std::to_string(status);
    if (!error.code.empty()) {
        what += " (" + cleanProviderText(error.code, 64) + ")";
    }
    return sentence(doing, withText(what, cleanProviderText(error.message)));
}

}  // namespace

Failure refusal(const Response& response, std::string_view doing) {
    const ProviderError error = readProviderError(response.body);
    Failure failure;
    failure.outcome = outcomeOf(response.status, error.code, response.shouldRetry);
    failure.error = clientError(response.status, error, doing);
    failure.note = operatorNote(response.status, error, doing);
    failure.retryAfter = response.retryAfter;
    failure.isAnswered = true;
    failure.threadIsBusy =
        error.code == "conversation_locked" || isThreadLock(response.status, error.message);
    failure.isNotOffered =
        response.status == 404 || response.status == 405 || response.status == 501;
    failure.isOfAssistant =
        response.status == 404 && error.message.find("assistant") != std::string::npos;
    failure.mayFallBack = !isOfTheRequest(response.status) || isBillingCode(error.code);
    if (failure.threadIsBusy && response.shouldRetry.value_or(true)) {
        failure.outcome = Outcome::RefusedForNow;
    }
    return failure;
}

Failure failureOf(const TransportFailure& failure, std::string_view doing) {
    Failure result;
    result.outcome = outcomeOf(failure.kind);
    if (failure.kind == TransportFailure::Kind::TooLarge) {
        result.error = {"ProviderError",
                        sentence(doing, "the provider's response is larger than allowed"), 502};
    } else {
        const std::string reason = cleanProviderText(failure.reason);
        const char* what = failure.kind == TransportFailure::Kind::NotSent
                               ? "the provider cannot be reached"
                               : "no whole response came from the provider";
        result.error = {"ProviderUnavailable", sentence(doing, withText(what, reason)), 502};
        result.mayFallBack = true;
    }
    result.note = result.error.message;
    return result;
}

Failure nonsense(std::string_view doing) {
    Failure failure;
    failure.outcome = Outcome::Unknown;
    failure.error = {"ProviderError",
                     sentence(doing, "the provider's response is not what its API promises"), 502};
    failure.note = failure.error.message;
    failure.mayFallBack = true;
    failure.isAnswered = true;
    return failure;
}

JobError noAnswer(std::string_view incompleteReason) {
    std::string message = "the run ended with no answer";
    if (!incompleteReason.empty()) {
        message.append(" (incomplete: ").append(incompleteReason).append(")");
    }
    return {"ProviderError", std::move(message), 502};
}

Failure interruption(std::string_view doing) {
    Failure failure;
    failure.outcome = Outcome::Unknown;
    failure.error = {"ProviderUnavailable",
                     sentence(doing, "it was interrupted before the provider's response came"),
                     502};
    failure.mayFallBack = true;
    return failure;
}

}  // namespace edgerun::run
