#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edgerun/run/machine.h"
#include "edgerun/run/retry.h"

/// A call that did not give what it was made for, told in three ways: to the
/// machine (outcome), to the client (error) and to the operator (note).
namespace edgerun::run {

struct Failure {
    Outcome outcome = Outcome::Unknown;
    JobError error;
    std::string note;
    std::optional<std::uint64_t> retryAfter;  ///< ms
    bool threadIsBusy = false;                ///< another run or message holds the thread's lock
    bool isNotOffered = false;                ///< the provider does not know such a call
    bool isOfAssistant = false;               ///< it is the assistant that is not there
    bool mayFallBack = false;                 ///< another provider may do better
    bool isAnswered = false;                  ///< a whole response says so
};

/// `doing` completes "could not ...". For responses outside 200 to 299.
Failure refusal(const Response& response, std::string_view doing);

Failure failureOf(const TransportFailure& failure, std::string_view doing);

/// A 200 to 299 whose body is not what the API promises.
Failure nonsense(std::string_view doing);

/// A run that is over without a word; `incompleteReason` may be empty.
JobError noAnswer(std::string_view incompleteReason);

/// Who made the call is gone, and with them what came of it.
Failure interruption(std::string_view doing);

}  // namespace edgerun::run
