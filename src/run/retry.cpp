#include "edgerun/run/retry.h"

#include <algorithm>

namespace edgerun::run {
namespace {

constexpr std::uint64_t kFirstBackoff = 500;
constexpr std::uint64_t kLongestBackoff = 8'000;
constexpr std::uint64_t kLongestRetryAfter = 60'000;
constexpr std::uint64_t kLockPauses[] = {1'000, 2'000, 4'000, 5'000};

struct StatusRow {
    int first;
    int last;
    Outcome outcome;
};

constexpr StatusRow kStatuses[] = {
    {200, 299, Outcome::Accepted},       {300, 399, Outcome::RefusedForGood},
    {408, 409, Outcome::RefusedForNow},  {429, 429, Outcome::RefusedForNow},
    {400, 499, Outcome::RefusedForGood},
};

struct CodeRow {
    std::string_view code;
    Outcome outcome;
    bool isBilling;
};

constexpr CodeRow kCodes[] = {
    {"insufficient_quota", Outcome::RefusedForGood, true},
    {"billing_hard_limit_reached", Outcome::RefusedForGood, true},
    {"billing_not_active", Outcome::RefusedForGood, true},
    {"credit_balance_too_low", Outcome::RefusedForGood, true},
    {"spend_limit_reached", Outcome::RefusedForGood, true},
    {"spending_limit_reached", Outcome::RefusedForGood, true},
    {"usage_limit_reached", Outcome::RefusedForGood, true},
    {"conversation_locked", Outcome::RefusedForNow, false},
};

const CodeRow* rowOf(std::string_view code) {
    const auto* row = std::find_if(std::begin(kCodes), std::end(kCodes),
                                   [&](const CodeRow& each) { return each.code == code; });
    return row == std::end(kCodes) ? nullptr : row;
}

Outcome outcomeOfStatus(int status) {
    for (const StatusRow& row : kStatuses) {
        if (status >= row.first && status <= row.last) {
            return row.outcome;
        }
    }
    return Outcome::Unknown;
}

Outcome obeying(bool shouldRetry, Outcome outcome) {
    switch (outcome) {
        case Outcome::RefusedForNow:
        case Outcome::RefusedForGood:
            return shouldRetry ? Outcome::RefusedForNow : Outcome::RefusedForGood;
        case Outcome::Unknown:
        case Outcome::UnknownForGood:
            return shouldRetry ? Outcome::Unknown : Outcome::UnknownForGood;
        case Outcome::Accepted:
        case Outcome::Unreadable:
            return outcome;
    }
    return outcome;
}

}  // namespace

Outcome outcomeOf(int status, std::string_view code, std::optional<bool> shouldRetry) {
    Outcome outcome = outcomeOfStatus(status);
    const CodeRow* row = rowOf(code);
    if (row != nullptr && status >= 400 && status <= 499) {
        outcome = row->outcome;
    }
    return shouldRetry ? obeying(*shouldRetry, outcome) : outcome;
}

Outcome outcomeOf(TransportFailure::Kind kind) {
    switch (kind) {
        case TransportFailure::Kind::NotSent:
            return Outcome::RefusedForNow;
        case TransportFailure::Kind::Unknown:
            return Outcome::Unknown;
        case TransportFailure::Kind::TooLarge:
            return Outcome::Unreadable;
    }
    return Outcome::Unknown;
}

bool isBillingCode(std::string_view code) {
    const CodeRow* row = rowOf(code);
    return row != nullptr && row->isBilling;
}

Reaction reactionTo(Outcome outcome, CallKind kind) {
    const bool repeatable = kind == CallKind::Repeatable;
    switch (outcome) {
        case Outcome::RefusedForNow:
            return Reaction::Again;
        case Outcome::Unknown:
            return repeatable ? Reaction::Again : Reaction::LookUp;
        case Outcome::Unreadable:
            return repeatable ? Reaction::GiveUp : Reaction::LookUp;
        case Outcome::RefusedForGood:
        case Outcome::UnknownForGood:
        case Outcome::Accepted:
            return Reaction::GiveUp;
    }
    return Reaction::GiveUp;
}

std::uint64_t backoff(unsigned tries, std::uint32_t random) {
    const unsigned doublings = std::min(tries > 0 ? tries - 1 : 0, 8U);
    const std::uint64_t delay = std::min(kFirstBackoff << doublings, kLongestBackoff);
    return delay - ((delay / 4 * random) >> 32);
}

std::optional<std::uint64_t> pauseBefore(unsigned tries, std::uint32_t random,
                                         std::optional<std::uint64_t> retryAfter,
                                         std::uint64_t timeLeft) {
    if (retryAfter && *retryAfter > timeLeft) {
        return std::nullopt;
    }
    if (retryAfter && *retryAfter <= kLongestRetryAfter) {
        return retryAfter;
    }
    return backoff(tries, random);
}

std::uint64_t lockPause(std::size_t looks) {
    return kLockPauses[std::min(looks, std::size(kLockPauses) - 1)];
}

}  // namespace edgerun::run
