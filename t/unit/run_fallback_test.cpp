#include "run_driver.h"

/// When another provider may take a job: surely nothing was started, and the other may do better.
namespace edgerun::run::test {
namespace {

constexpr std::uint64_t kAt = 10'000;  ///< ms, of what goes wrong

struct FallbackDriver : Driver {
    Assistant definition = helper();
};

void playToSetUp(FallbackDriver& driver, Phase phase) {
    driver.described = &driver.definition;
    driver.step(0, Resume{});
    if (phase == Phase::CreateAssistant) {
        driver.step(0, ok(kNothing));
    } else if (phase == Phase::UpdateAssistant) {
        driver.step(0,
                    ok(R"({"data":[{"id":"asst_5","metadata":{"edgerun_assistant":"helper"}}]})"));
    }
}

void playToLookUp(Driver& driver, Phase phase) {
    driver.step(0, kUnknown);
    driver.step(9'000, Timer{});
    EXPECT_EQ(driver.record.phase, phase);
}

void playToTools(Driver& driver, Phase phase) {
    const std::string action = needing({{"c1", "f"}});
    driver.step(2000, ok(action));
    driver.step(2000, Timer{});
    if (phase == Phase::SubmitOutputs) {
        driver.step(2000, driver.outputsOfWaitingCalls());
    }
}

/// Brings a driver to where the call of `phase` is under way, or the client has calls to make.
void playTo(FallbackDriver& driver, Phase phase) {
    const bool isSetUp = phase == Phase::FindAssistant || phase == Phase::CreateAssistant ||
                         phase == Phase::UpdateAssistant;
    if (isSetUp) {
        return playToSetUp(driver, phase);
    }
    driver.step(0, Resume{});
    const std::vector<Event> way = {ok(kThread), ok(kMessage), ok(kQueued), Timer{}};
    const std::vector<Phase> calls = {Phase::CreateThread, Phase::AddMessage, Phase::CreateRun};
    const auto reached = [&] { return driver.record.phase == phase; };
    for (std::size_t i = 0; i < way.size(); ++i) {
        const bool isLookedUp =
            (phase == Phase::FindMessage && i == 1) || (phase == Phase::FindRun && i == 2);
        if (isLookedUp) {
            return playToLookUp(driver, phase);
        }
        if (reached() && phase != Phase::PollRun) {
            return;
        }
        driver.step(i == 3 ? 2000 : 0, way[i]);
    }
    if (phase == Phase::CallTools || phase == Phase::AwaitOutputs ||
        phase == Phase::SubmitOutputs) {
        return playToTools(driver, phase);
    }
    if (phase != Phase::PollRun) {
        driver.step(2000, ok(kCompleted));
    }
}

/// Everything that can go wrong with a call for good, with no retries left.
struct Trouble {
    const char* name;
    Event event;
    bool isOfTheRequest;  ///< it would happen elsewhere too
    bool isUnknown;       ///< the call may have been carried out
};

Event spent() {
    return answer(400, R"({"error":{"code":"insufficient_quota"}})");
}

Event forbidden(int status) {
    Response response = answer(status, "");
    response.shouldRetry = false;
    return response;
}

const Trouble kTroubles[] = {
    {"not sent", kNotSent, false, false},    {"unknown", kUnknown, false, true},
    {"nonsense", ok("<html>"), false, true}, {"400", answer(400, ""), true, false},
    {"400, spent", spent(), false, false},   {"401", answer(401, ""), false, false},
    {"403", answer(403, ""), false, false},  {"404", answer(404, ""), false, false},
    {"408", answer(408, ""), false, false},  {"409", answer(409, ""), false, false},
    {"413", answer(413, ""), true, false},   {"422", answer(422, ""), true, false},
    {"429", answer(429, ""), false, false},  {"429 for good", forbidden(429), false, false},
    {"500", answer(500, ""), false, true},   {"500 for good", forbidden(500), false, true},
    {"503", answer(503, ""), false, true},
};

struct PhaseRow {
    Phase phase;
    bool isBeforeTheRun;
    bool hasThread;
};

const PhaseRow kPhases[] = {
    {Phase::FindAssistant, true, false},   {Phase::UpdateAssistant, true, false},
    {Phase::CreateAssistant, true, false}, {Phase::CreateThread, true, false},
    {Phase::AddMessage, true, true},       {Phase::FindMessage, true, true},
    {Phase::CreateRun, true, true},        {Phase::FindRun, false, true},
    {Phase::PollRun, false, true},         {Phase::SubmitOutputs, false, true},
    {Phase::ListMessages, false, true},
};

TEST(Fallback, IsForJobsOfWhichNothingWasStarted) {
    for (const PhaseRow& row : kPhases) {
        for (const Trouble& trouble : kTroubles) {
            SCOPED_TRACE(std::string(nameOf(row.phase)) + ", " + trouble.name);
            FallbackDriver driver;
            driver.settings.retries = 0;
            playTo(driver, row.phase);
            ASSERT_EQ(driver.record.phase, row.phase);
            driver.step(kAt, trouble.event);
            if (!isFinal(driver.record.status)) {
                EXPECT_TRUE(trouble.isUnknown) << "looked up instead";
                EXPECT_FALSE(driver.last.mayFallBack);
                continue;
            }
            const bool mayHaveStarted = row.phase == Phase::CreateRun && trouble.isUnknown;
            const bool expected = row.isBeforeTheRun && !trouble.isOfTheRequest && !mayHaveStarted;
            EXPECT_EQ(driver.last.mayFallBack, expected);
            EXPECT_EQ(driver.last.parting.has_value(), expected && row.hasThread);
            if (driver.last.parting) {
                EXPECT_EQ(driver.last.parting->method, Method::Delete);
                EXPECT_EQ(driver.last.parting->path, "/threads/thread_1");
                EXPECT_EQ(driver.last.parting->timeout, 30'000U);
            }
        }
    }
}

TEST(Fallback, FollowsTheLastTryOnly) {
    Driver driver;
    driver.step(0, Resume{});
    std::uint64_t at = 10;
    for (const std::uint64_t pause : {500, 1000, 2000}) {
        driver.step(at, kNotSent);
        EXPECT_FALSE(driver.last.mayFallBack);
        at += pause;
        driver.step(at, Timer{});
    }
    driver.step(at, kNotSent);
    EXPECT_EQ(driver.record.status, JobStatus::Failed);
    EXPECT_TRUE(driver.last.mayFallBack);
    EXPECT_FALSE(driver.last.parting) << "there is no thread";
}

TEST(Fallback, FollowsAProviderThatAsksForMoreTimeThanThereIs) {
    Driver driver;
    driver.step(0, Resume{});
    Response later = answer(429, "");
    later.retryAfter = 100'000;
    driver.step(10, later);
    EXPECT_TRUE(driver.last.mayFallBack);
}

TEST(Fallback, IsNotForWhatEndsByItselfOrByTheClient) {
    for (const Phase phase : {Phase::CreateThread, Phase::AddMessage, Phase::CreateRun,
                              Phase::PollRun, Phase::AwaitOutputs}) {
        for (const Event& event : {Event(Cancel{}), Event(NoRoom{})}) {
            FallbackDriver driver;
            playTo(driver, phase);
            driver.step(kAt, event);
            EXPECT_TRUE(isFinal(driver.record.status));
            EXPECT_FALSE(driver.last.mayFallBack);
            EXPECT_FALSE(driver.last.parting);
        }
        FallbackDriver driver;
        playTo(driver, phase);
        driver.step(driver.record.deadline - kStart, Timer{});
        EXPECT_TRUE(isFinal(driver.record.status));
        EXPECT_FALSE(driver.last.mayFallBack);
    }
}

TEST(Fallback, IsNotForARunThatFailed) {
    for (const char* status : {"failed", "expired", "cancelled"}) {
        FallbackDriver driver;
        playTo(driver, Phase::PollRun);
        const std::string body = R"({"id":"run_1","status":")" + std::string(status) + R"("})";
        driver.step(kAt, ok(body));
        EXPECT_TRUE(isFinal(driver.record.status));
        EXPECT_FALSE(driver.last.mayFallBack);
    }
}

TEST(Fallback, FollowsALookUpThatFoundNothing) {
    FallbackDriver driver;
    driver.settings.retries = 0;
    playTo(driver, Phase::FindRun);
    driver.step(kAt, ok(kNothing));
    EXPECT_EQ(driver.error().message, "the run could not be started (1 tries)");
    EXPECT_TRUE(driver.last.mayFallBack);
    EXPECT_TRUE(driver.last.parting);
}

TEST(Fallback, DoesNotDeleteAThreadThatAnotherJobGoesOnIn) {
    FallbackDriver driver;
    driver.settings.retries = 0;
    playTo(driver, Phase::FindRun);
    driver.isThreadWanted = true;
    driver.step(kAt, ok(kNothing));
    EXPECT_TRUE(driver.last.mayFallBack);
    EXPECT_FALSE(driver.last.parting);
}

TEST(Fallback, DoesNotFollowABlindTryThatMayHaveStartedARun) {
    for (const auto guarantee : {StartGuarantee::Lookup, StartGuarantee::AtLeastOnce}) {
        FallbackDriver driver;
        driver.record.guarantee = guarantee;
        playTo(driver, Phase::CreateRun);
        const bool isBlind = guarantee == StartGuarantee::AtLeastOnce;
        driver.step(0, isBlind ? Event(kUnknown) : Event(kNotSent));
        driver.step(500, Timer{});
        driver.step(510, answer(401, ""));
        EXPECT_EQ(driver.record.status, JobStatus::Failed);
        EXPECT_EQ(driver.last.mayFallBack, !isBlind);
        EXPECT_EQ(driver.record.phase, isBlind ? Phase::FindLostRun : Phase::DeleteThread);
    }
}

TEST(Fallback, LeavesAThreadThatItContinuesWhereItIs) {
    Driver driver;
    driver.threadId = "thread_1";
    driver.step(0, Resume{});
    driver.step(10, answer(401, ""));
    EXPECT_EQ(driver.record.status, JobStatus::Failed);
    EXPECT_FALSE(driver.last.parting);
}

TEST(Fallback, IsToldOnceAndNotByTheCleanUp) {
    FallbackDriver driver;
    playTo(driver, Phase::CreateRun);
    driver.step(10, answer(401, ""));
    EXPECT_TRUE(driver.last.mayFallBack);
    driver.step(20, answer(500, ""));
    EXPECT_FALSE(driver.last.mayFallBack);
    EXPECT_FALSE(driver.last.parting);
}

}  // namespace
}  // namespace edgerun::run::test
