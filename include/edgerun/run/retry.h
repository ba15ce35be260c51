#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "edgerun/run/machine.h"

/// May a call be made again, and when? What the provider's answer says about
/// that is data: HTTP statuses and error codes are tables in retry.cpp.
namespace edgerun::run {

/// What is known about a call after its answer, or for want of one.
enum class Outcome : std::uint8_t {
    Accepted,        ///< carried out
    RefusedForNow,   ///< surely not carried out; may be tried again
    RefusedForGood,  ///< surely not carried out; trying again is useless
    Unknown,         ///< may have been carried out
    UnknownForGood,  ///< may have been carried out; must not be tried again
    Unreadable,      ///< was carried out, but its answer is above the limit
};

/// `code` is the provider's error code, or empty. x-should-retry wins over the
/// code, the code over the status.
Outcome outcomeOf(int status, std::string_view code, std::optional<bool> shouldRetry);

Outcome outcomeOf(TransportFailure::Kind kind);

/// Codes of a spent budget: an operator has to act.
bool isBillingCode(std::string_view code);

enum class Reaction : std::uint8_t {
    Again,   ///< repeat the call after a pause
    LookUp,  ///< find out whether it was carried out before repeating it
    GiveUp,
};

/// Calls that cost something when they are carried out twice.
enum class CallKind : std::uint8_t { Repeatable, OnceOnly };

/// What to do about any outcome but Accepted.
Reaction reactionTo(Outcome outcome, CallKind kind);

/// Milliseconds before try number `tries` + 1: 500 * 2^(tries - 1), at most
/// 8000, minus 0 to 25 % by `random`.
std::uint64_t backoff(unsigned tries, std::uint32_t random);

/// The provider's Retry-After, if it is at most a minute, else the backoff.
/// Nullopt when the provider asks for more time than there is left.
std::optional<std::uint64_t> pauseBefore(unsigned tries, std::uint32_t random,
                                         std::optional<std::uint64_t> retryAfter,
                                         std::uint64_t timeLeft);

/// Milliseconds before another look at a thread that somebody else's run holds, after so many.
std::uint64_t lockPause(std::size_t looks);

}  // namespace edgerun::run
