#include "run_driver.h"

namespace edgerun::run::test {
namespace {

constexpr std::string_view kNonsense = "<html>";

/// Brings a driver to where the call of `phase` was just sent.
void playTo(Driver& driver, Phase phase) {
    driver.step(0, Resume{});
    if (phase == Phase::CreateThread) {
        return;
    }
    driver.step(0, ok(kThread));
    if (phase == Phase::AddMessage) {
        return;
    }
    if (phase == Phase::FindMessage) {
        driver.step(0, kUnknown);
        driver.step(500, Timer{});
        return;
    }
    driver.step(0, ok(kMessage));
    if (phase == Phase::CreateRun) {
        return;
    }
    if (phase == Phase::FindRun) {
        driver.step(0, kUnknown);
        driver.step(2000, Timer{});
        return;
    }
    driver.step(0, ok(kQueued));
    driver.step(1200, Timer{});
    if (phase == Phase::ListMessages) {
        driver.step(1200, ok(kCompleted));
    }
}

constexpr Phase kLivePhases[] = {Phase::CreateThread, Phase::AddMessage, Phase::FindMessage,
                                 Phase::CreateRun,    Phase::FindRun,    Phase::PollRun,
                                 Phase::ListMessages};

bool isOnceOnly(Phase phase) {
    return phase == Phase::AddMessage || phase == Phase::CreateRun;
}

std::uint64_t sentAt(Phase phase) {
    switch (phase) {
        case Phase::FindMessage:
            return 500;
        case Phase::FindRun:
            return 2000;
        case Phase::PollRun:
        case Phase::ListMessages:
            return 1200;
        default:
            return 0;
    }
}

TEST(AssistantsMachineOnFailure, RepeatsARefusedCallThreeTimesAndThenFails) {
    for (const Event& refusal : {Event(kNotSent), Event(answer(429, "")), Event(answer(409, "")),
                                 Event(answer(408, ""))}) {
        for (const Phase phase : kLivePhases) {
            Driver driver;
            playTo(driver, phase);
            ASSERT_EQ(driver.record.phase, phase);
            const Call first = driver.call();
            std::uint64_t at = sentAt(phase);
            for (const std::uint64_t pause : {500, 1000, 2000}) {
                driver.step(at, refusal);
                EXPECT_EQ(nameOf(driver.last.command), "wait " + std::to_string(at + pause));
                EXPECT_FALSE(driver.last.note.empty());
                at += pause;
                driver.step(at, Timer{});
                EXPECT_EQ(driver.call().path, first.path);
                EXPECT_EQ(driver.call().body, first.body);
            }
            driver.step(at, refusal);
            EXPECT_EQ(driver.record.status, JobStatus::Failed);
        }
    }
}

TEST(AssistantsMachineOnFailure, RepeatsAnUnknownOutcomeOnlyWhereThatCostsNothing) {
    for (const Event& event : {Event(kUnknown), Event(answer(500, "")), Event(answer(503, "")),
                               Event(ok(kNonsense)), Event(ok("{}")), Event(ok(R"({"id":7})")),
                               Event(ok(R"({"id":"a/b","status":"queued"})"))}) {
        for (const Phase phase : kLivePhases) {
            Driver driver;
            playTo(driver, phase);
            const std::uint64_t at = sentAt(phase);
            driver.step(at, event);
            if (!isOnceOnly(phase)) {
                EXPECT_EQ(driver.record.phase, phase);
                EXPECT_EQ(nameOf(driver.last.command), "wait " + std::to_string(at + 500));
            } else if (phase == Phase::AddMessage) {
                EXPECT_EQ(nameOf(driver.last), "PENDING FindMessage wait 500");
            } else {
                EXPECT_EQ(nameOf(driver.last), "PENDING FindRun wait 2000");
            }
        }
    }
}

TEST(AssistantsMachineOnFailure, FailsAtOnceWhenARefusalIsForGood) {
    for (const int status : {302, 400, 401, 403, 404, 413, 422}) {
        for (const Phase phase : kLivePhases) {
            Driver driver;
            playTo(driver, phase);
            driver.step(sentAt(phase), answer(status, kNonsense));
            EXPECT_EQ(driver.record.status, JobStatus::Failed) << status << nameOf(phase);
            const bool hasNoLookUp = phase == Phase::FindRun && status == 404;
            EXPECT_EQ(driver.error().name, hasNoLookUp ? "StartOutcomeUnknown" : "ProviderError");
            EXPECT_EQ(driver.error().statusCode, 502);
        }
    }
}

TEST(AssistantsMachineOnFailure, FailsAtOnceOnABodyAboveTheLimitUnlessARunMayHaveStarted) {
    for (const Phase phase : kLivePhases) {
        Driver driver;
        playTo(driver, phase);
        driver.step(sentAt(phase), kTooLarge);
        if (isOnceOnly(phase)) {
            EXPECT_EQ(driver.record.status, JobStatus::Pending);
        } else {
            EXPECT_EQ(driver.error().name, "ProviderError");
        }
    }
}

TEST(AssistantsMachineOnFailure, GivesACallThatWaitedForAConnectionItsGraceToo) {
    Driver driver;
    playTo(driver, Phase::CreateRun);
    play(driver, {{10'000, kUnknown, "PENDING FindRun wait 12000"}});
}

TEST(AssistantsMachineOnFailure, AdoptsARunThatWasStartedAfterAll) {
    Driver driver;
    playTo(driver, Phase::CreateRun);
    play(driver, {{30, kUnknown, "PENDING FindRun wait 2030"},
                  {2030, Timer{}, std::string("PENDING FindRun GET ") + kRunsPage},
                  {2040, ok(kOwnRuns), "RUNNING PollRun wait 3240 !"}});
    EXPECT_EQ(driver.record.runId.view(), "run_1");
    EXPECT_EQ(driver.record.intentAt, 0U);
    EXPECT_EQ(driver.record.rounds, 1U);
}

TEST(AssistantsMachineOnFailure, AdoptsARunThatIsAlreadyOver) {
    Driver driver;
    playTo(driver, Phase::FindRun);
    constexpr std::string_view runs =
        R"({"data":[{"id":"run_1","status":"completed","metadata":{"edgerun_job":"job1"}}]})";
    play(driver, {{2010, ok(runs), std::string("RUNNING ListMessages GET ") + kAnswerPage + " !"}});
}

TEST(AssistantsMachineOnFailure, StartsTheRunAgainWhenNoneIsFound) {
    Driver driver;
    playTo(driver, Phase::FindRun);
    play(driver, {{2010, ok(kNothing), "PENDING CreateRun wait 2010"},
                  {2010, Timer{}, "PENDING CreateRun POST /threads/thread_1/runs"}});
    EXPECT_EQ(driver.record.rounds, 2U);
}

TEST(AssistantsMachineOnFailure, StartsARunFourTimesAtMost) {
    Driver driver;
    driver.settings.runTimeout = 600'000;
    playTo(driver, Phase::CreateRun);
    std::uint64_t at = 0;
    for (int round = 1; round <= 4; ++round) {
        ASSERT_EQ(driver.record.phase, Phase::CreateRun);
        driver.step(at, answer(500, ""));
        at += 2000;
        driver.step(at, Timer{});
        driver.step(at, ok(kNothing));
        if (round < 4) {
            driver.step(at, Timer{});
        }
    }
    EXPECT_EQ(nameOf(driver.last), "FAILED DeleteThread DELETE /threads/thread_1 !");
    EXPECT_EQ(driver.error().name, "ProviderUnavailable");
    EXPECT_EQ(driver.error().message, "the run could not be started (4 tries)");
}

TEST(AssistantsMachineOnFailure, AddsTheMessageAgainOnlyWhenItIsNotThere) {
    constexpr std::string_view own =
        R"({"data":[{"id":"msg_1","role":"user","metadata":{"edgerun_job":"job1"}}]})";
    constexpr std::string_view other =
        R"({"data":[{"id":"msg_1","role":"user","metadata":{"edgerun_job":"job2"}}]})";
    constexpr std::string_view assistant =
        R"({"data":[{"id":"msg_1","role":"assistant","metadata":{"edgerun_job":"job1"}}]})";
    for (const std::string_view list : {own, other, assistant, kNothing}) {
        Driver driver;
        playTo(driver, Phase::FindMessage);
        EXPECT_EQ(driver.call().path, kMessagesPage);
        driver.step(510, ok(list));
        const bool found = list == own;
        EXPECT_EQ(nameOf(driver.last),
                  found ? "PENDING CreateRun wait 510" : "PENDING AddMessage wait 510");
        driver.step(510, Timer{});
        EXPECT_EQ(driver.call().method, Method::Post);
        EXPECT_EQ(driver.record.rounds, found ? 1U : 2U);
    }
}

TEST(AssistantsMachineOnFailure, AddsTheMessageFourTimesAtMost) {
    Driver driver;
    playTo(driver, Phase::AddMessage);
    std::uint64_t at = 0;
    for (int round = 1; round <= 4; ++round) {
        driver.step(at, kUnknown);
        at += 500;
        driver.step(at, Timer{});
        driver.step(at, ok(kNothing));
        if (round < 4) {
            driver.step(at, Timer{});
        }
    }
    EXPECT_EQ(nameOf(driver.last), "FAILED DeleteThread DELETE /threads/thread_1 !");
}

struct OwnRow {
    const char* runs;
    bool ownsThread;
    bool isAdopted;
};

TEST(AssistantsMachineOnFailure, TakesARunForTheJobsOwnByItsTag) {
    const OwnRow rows[] = {
        {R"([{"id":"run_1","status":"queued","metadata":{"edgerun_job":"job1"}}])", false, true},
        {R"([{"id":"run_1","status":"queued","metadata":{"edgerun_job":"job2"}}])", false, false},
        {R"([{"id":"run_1","status":"queued","metadata":{"edgerun_job":"job2"}}])", true, false},
        {R"([{"id":"run_1","status":"queued","metadata":{}}])", false, false},
        // A thread made for this job, on a server that keeps no metadata.
        {R"([{"id":"run_1","status":"queued"}])", true, true},
        {R"([{"id":"run_1","status":"queued","metadata":{}}])", true, true},
        {R"([{"id":"run_9","status":"queued","metadata":{"edgerun_job":"job2"}},)"
         R"({"id":"run_1","status":"queued","metadata":{"edgerun_job":"job1"}}])",
         false, true},
        // The newest, should there be two.
        {R"([{"id":"run_1","status":"queued","metadata":{"edgerun_job":"job1"}},)"
         R"({"id":"run_0","status":"queued","metadata":{"edgerun_job":"job1"}}])",
         false, true},
    };
    for (const OwnRow& row : rows) {
        Driver driver;
        playTo(driver, Phase::FindRun);
        driver.record.ownsThread = row.ownsThread;
        const std::string body = R"({"data":)" + std::string(row.runs) + "}";
        driver.step(2010, ok(body));
        EXPECT_EQ(driver.record.runId.view(), row.isAdopted ? "run_1" : "") << row.runs;
    }
}

TEST(AssistantsMachineOnFailure, NeverPassesOverAMalformedRunInTheList) {
    for (const char* runs : {R"([7])", R"([{"status":"queued"}])", R"([{"id":"run_1"}])",
                             R"([{"id":"../x","status":"queued"}])", R"({})", R"(null)",
                             R"([{"id":"run_1","status":"queued","thread_id":"thread_2"}])"}) {
        Driver driver;
        playTo(driver, Phase::FindRun);
        const std::string body = R"({"data":)" + std::string(runs) + "}";
        play(driver, {{2010, ok(body), "PENDING FindRun wait 2510"}});
    }
}

TEST(AssistantsMachineOnFailure, AdoptsTheRunThatKeepsTheThreadBusyIfItIsOwn) {
    Driver driver;
    playTo(driver, Phase::CreateRun);
    play(driver, {{10, answer(400, kBusyRun), std::string("PENDING FindRun GET ") + kRunsPage},
                  {20, ok(kOwnRuns), "RUNNING PollRun wait 1220 !"}});
}

TEST(AssistantsMachineOnFailure, ObeysXShouldRetry) {
    struct {
        Phase phase;
        bool shouldRetry;
        int status;
        const char* expected;
    } const rows[] = {
        {Phase::CreateThread, true, 400, "PENDING CreateThread wait 500"},
        {Phase::CreateThread, false, 500, "FAILED Done finished !"},
        {Phase::CreateRun, true, 400, "PENDING CreateRun wait 500"},
        {Phase::CreateRun, true, 500, "PENDING FindRun wait 2000"},
        {Phase::CreateRun, false, 429, "FAILED DeleteThread DELETE /threads/thread_1 !"},
        // It may have started nevertheless: it is looked for, to be cancelled.
        {Phase::CreateRun, false, 500, "FAILED FindLostRun wait 2000 !"},
        {Phase::AddMessage, true, 500, "PENDING FindMessage wait 500"},
        {Phase::AddMessage, false, 500, "FAILED DeleteThread DELETE /threads/thread_1 !"},
    };
    for (const auto& row : rows) {
        Driver driver;
        playTo(driver, row.phase);
        Response response = answer(row.status, "");
        response.shouldRetry = row.shouldRetry;
        play(driver, {{0, response, row.expected}});
    }
}

TEST(AssistantsMachineOnFailure, ObeysRetryAfter) {
    Driver driver;
    playTo(driver, Phase::CreateRun);
    Response response = answer(429, "");
    response.retryAfter = 7000;
    play(driver, {{10, response, "PENDING CreateRun wait 7010"},
                  {7010, Timer{}, "PENDING CreateRun POST /threads/thread_1/runs"}});
    response.retryAfter = 83'000;
    play(driver, {{7020, response, "FAILED DeleteThread DELETE /threads/thread_1 !"}});
    EXPECT_EQ(driver.error().name, "RateLimited");
    EXPECT_NE(driver.error().message.find("longer pause than the run has time left"),
              std::string::npos);
}

TEST(AssistantsMachineOnFailure, DoesNotRepeatWhenTheBudgetIsSpent) {
    constexpr std::string_view spent =
        R"({"error":{"message":"You exceeded your quota, see org-1","code":"insufficient_quota"}})";
    Driver driver;
    playTo(driver, Phase::CreateRun);
    driver.step(10, answer(429, spent));
    EXPECT_EQ(driver.error().name, "RateLimited");
    EXPECT_EQ(driver.error().message,
              "could not start the run: edgerun's quota at the provider is spent");
    EXPECT_NE(driver.last.note.find("You exceeded your quota"), std::string::npos);
}

TEST(AssistantsMachineOnFailure, KeepsTextAboutCredentialsFromClients) {
    constexpr std::string_view body =
        R"({"error":{"message":"Incorrect API key provided: sk-123. Find it at x",)"
        R"("code":"invalid_api_key"}})";
    for (const int status : {401, 403}) {
        Driver driver;
        playTo(driver, Phase::CreateThread);
        driver.step(10, answer(status, body));
        EXPECT_EQ(driver.error().message,
                  "could not create a thread: the provider refused edgerun's credentials");
        EXPECT_NE(driver.last.note.find("invalid_api_key"), std::string::npos);
        EXPECT_EQ(driver.last.note.find("sk-123"), std::string::npos);
    }
}

TEST(AssistantsMachineOnFailure, NamesAnErrorByWhatWentWrong) {
    struct {
        Event event;
        const char* name;
        const char* message;
    } const rows[] = {
        {kNotSent, "ProviderUnavailable",
         "could not create a thread: the provider cannot be reached: it broke"},
        {kUnknown, "ProviderUnavailable",
         "could not create a thread: no whole response came from the provider: it broke"},
        {kTooLarge, "ProviderError",
         "could not create a thread: the provider's response is larger than allowed"},
        {ok("{}"), "ProviderError",
         "could not create a thread: the provider's response is not what its API promises"},
        {answer(500, ""), "ProviderUnavailable",
         "could not create a thread: the provider answered 500"},
        {answer(429, R"({"error":{"message":"Slow"}})"), "RateLimited",
         "could not create a thread: the provider answered 429: Slow"},
        {answer(404, R"({"error":{"message":"No\nthread"}})"), "ProviderError",
         "could not create a thread: the provider answered 404: No thread"},
    };
    for (const auto& row : rows) {
        Driver driver;
        driver.settings.retries = 0;
        playTo(driver, Phase::CreateThread);
        driver.step(10, row.event);
        EXPECT_EQ(driver.error().name, row.name);
        EXPECT_EQ(driver.error().message, row.message);
        EXPECT_EQ(driver.error().statusCode, 502);
    }
}

TEST(AssistantsMachineOnFailure, ForgetsFailuresAfterASuccess) {
    Driver driver;
    playToRunning(driver);
    std::uint64_t at = 1230;
    for (int i = 0; i < 20; ++i) {
        driver.step(at, Timer{});
        driver.step(at, kUnknown);
        driver.step(at + 500, Timer{});
        driver.step(at + 500, ok(kInProgress));
        at += 1700;
        ASSERT_EQ(nameOf(driver.last), "RUNNING PollRun wait " + std::to_string(at));
    }
}

TEST(AssistantsMachineOnFailure, IgnoresAnAnswerThatNobodyWaitsFor) {
    Driver driver;
    playTo(driver, Phase::CreateRun);
    play(driver, {{10, kUnknown, "PENDING FindRun wait 2010"},
                  {20, ok(kNothing), "PENDING FindRun wait 2010"},
                  {30, kUnknown, "PENDING FindRun wait 2010"}});
}

}  // namespace
}  // namespace edgerun::run::test
