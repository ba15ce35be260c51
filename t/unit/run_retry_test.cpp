#include <gtest/gtest.h>

#include "edgerun/run/retry.h"

namespace edgerun::run {
namespace {

struct OutcomeRow {
    const char* code;
    int status;
    std::optional<bool> shouldRetry;
    Outcome outcome;
};

TEST(Retry, JudgesAnAnswerByItsStatusItsCodeAndItsOwnWord) {
    const OutcomeRow rows[] = {
        {"", 200, {}, Outcome::Accepted},
        {"", 204, {}, Outcome::Accepted},
        {"", 200, false, Outcome::Accepted},
        {"", 302, {}, Outcome::RefusedForGood},
        {"", 400, {}, Outcome::RefusedForGood},
        {"", 401, {}, Outcome::RefusedForGood},
        {"", 403, {}, Outcome::RefusedForGood},
        {"", 404, {}, Outcome::RefusedForGood},
        {"", 413, {}, Outcome::RefusedForGood},
        {"", 422, {}, Outcome::RefusedForGood},
        {"", 408, {}, Outcome::RefusedForNow},
        {"", 409, {}, Outcome::RefusedForNow},
        {"", 429, {}, Outcome::RefusedForNow},
        {"rate_limit_exceeded", 429, {}, Outcome::RefusedForNow},
        {"insufficient_quota", 429, {}, Outcome::RefusedForGood},
        {"billing_hard_limit_reached", 429, {}, Outcome::RefusedForGood},
        {"conversation_locked", 400, {}, Outcome::RefusedForNow},
        {"", 500, {}, Outcome::Unknown},
        {"insufficient_quota", 500, {}, Outcome::Unknown},
        {"", 502, {}, Outcome::Unknown},
        {"", 503, {}, Outcome::Unknown},
        {"", 504, {}, Outcome::Unknown},
        {"", 400, true, Outcome::RefusedForNow},
        {"insufficient_quota", 429, true, Outcome::RefusedForNow},
        {"", 429, false, Outcome::RefusedForGood},
        {"", 503, true, Outcome::Unknown},
        {"", 503, false, Outcome::UnknownForGood},
        {"", 0, {}, Outcome::Unknown},
        {"", 101, {}, Outcome::Unknown},
        {"", 999, {}, Outcome::Unknown},
        {"", -1, {}, Outcome::Unknown},
    };
    for (const OutcomeRow& row : rows) {
        EXPECT_EQ(outcomeOf(row.status, row.code, row.shouldRetry), row.outcome)
            << row.status << ' ' << row.code;
    }
}

TEST(Retry, RepeatsOnlyWhatIsSafe) {
    struct {
        Outcome outcome;
        Reaction repeatable;
        Reaction onceOnly;
    } const rows[] = {
        {Outcome::RefusedForNow, Reaction::Again, Reaction::Again},
        {Outcome::RefusedForGood, Reaction::GiveUp, Reaction::GiveUp},
        {Outcome::Unknown, Reaction::Again, Reaction::LookUp},
        {Outcome::UnknownForGood, Reaction::GiveUp, Reaction::GiveUp},
        {Outcome::Unreadable, Reaction::GiveUp, Reaction::LookUp},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(reactionTo(row.outcome, CallKind::Repeatable), row.repeatable);
        EXPECT_EQ(reactionTo(row.outcome, CallKind::OnceOnly), row.onceOnly);
    }
}

TEST(Retry, KnowsWhatATransportFailureLeavesOpen) {
    EXPECT_EQ(outcomeOf(TransportFailure::Kind::NotSent), Outcome::RefusedForNow);
    EXPECT_EQ(outcomeOf(TransportFailure::Kind::Unknown), Outcome::Unknown);
    EXPECT_EQ(outcomeOf(TransportFailure::Kind::TooLarge), Outcome::Unreadable);
}

TEST(Retry, DoublesThePauseUpToEightSecondsAndTakesAwayUpToAQuarter) {
    const std::uint64_t full[] = {500, 500, 1000, 2000, 4000, 8000, 8000};
    for (unsigned tries = 0; tries < 7; ++tries) {
        EXPECT_EQ(backoff(tries, 0), full[tries]) << tries;
        EXPECT_NEAR(static_cast<double>(backoff(tries, UINT32_MAX)),
                    static_cast<double>(full[tries]) * 0.75, 1.0)
            << tries;
    }
    EXPECT_EQ(backoff(UINT32_MAX, 0), 8000U);
}

TEST(Retry, LooksAtALockedThreadEveryFiveSecondsInTheEnd) {
    const std::uint64_t pauses[] = {1000, 2000, 4000, 5000, 5000};
    for (std::size_t looks = 0; looks < std::size(pauses); ++looks) {
        EXPECT_EQ(lockPause(looks), pauses[looks]);
    }
}

TEST(Retry, ObeysRetryAfterUpToAMinute) {
    struct {
        std::optional<std::uint64_t> retryAfter;
        std::uint64_t left;
        std::optional<std::uint64_t> pause;
    } const rows[] = {
        {{}, 90'000, 500},        {{}, 1, 500},  // the caller's wait ends at the deadline anyway
        {0, 90'000, 0},           {3'000, 90'000, 3'000}, {60'000, 90'000, 60'000},
        {60'001, 90'000, 500},    {60'001, 60'000, {}},   {3'000, 2'999, {}},
        {UINT64_MAX, 90'000, {}},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(pauseBefore(1, 0, row.retryAfter, row.left), row.pause);
    }
}

}  // namespace
}  // namespace edgerun::run
