#include "run_responses_driver.h"

/// Calls of the Responses machine that fail: every class of failure, in every phase of a live job.
namespace edgerun::run::test::responses {
namespace {

const std::string kCompleted = completed();
const std::string kNotAgain = "; the run may have been started and is not tried again";

/// To where the run was just asked for, all at the start.
Driver driverAtStart() {
    Driver driver = driverOf();
    driver.step(0, Resume{});
    EXPECT_EQ(nameOf(driver.step(0, ok(kConversation))), "PENDING " + kCreate);
    return driver;
}

Driver driverAtPoll() {
    Driver driver = driverOf();
    playToPoll(driver);
    driver.step(1220, Timer{});
    return driver;
}

const Event kRefusals[] = {kNotSent, answer(429, ""), answer(409, ""), answer(408, "")};

// --- each phase ---

TEST(ResponsesFailures, RepeatsTheCreationOfAThread) {
    for (const Event& event : {Event(kUnknown), Event(kNotSent), Event(answer(503, "")),
                               Event(ok("{}")), Event(ok(R"({"id":"../x"})"))}) {
        Driver driver = driverOf();
        play(driver, {{0, Resume{}, "PENDING " + kCreateThread},
                      {10, event, "PENDING CreateThread wait 510"},
                      {510, Timer{}, "PENDING " + kCreateThread},
                      {520, event, "PENDING CreateThread wait 1520"},
                      {1520, Timer{}, "PENDING " + kCreateThread},
                      {1530, event, "PENDING CreateThread wait 3530"},
                      {3530, Timer{}, "PENDING " + kCreateThread},
                      {3540, event, "FAILED Done finished !"}});
        EXPECT_TRUE(driver.last.mayFallBack);
    }
}

TEST(ResponsesFailures, RepeatsTheLookAtTheNewestItem) {
    Driver driver = driverOf();
    driver.threadId = "conv_1";
    play(driver, {{0, Resume{}, "PENDING " + kNewest},
                  {10, answer(500, ""), "PENDING FindMessage wait 510"},
                  {510, Timer{}, "PENDING " + kNewest},
                  {520, ok("{}"), "PENDING " + kCreate}});
    EXPECT_EQ(driver.work, "");
}

TEST(ResponsesFailures, RepeatsPolls) {
    for (const Event& event :
         {Event(kUnknown), Event(kNotSent), Event(answer(503, "")), Event(ok("{}")),
          Event(ok(R"({"id":"resp_9","status":"queued"})")), Event(ok("\"\xFF"))}) {
        Driver driver = driverAtPoll();
        play(driver, {{1230, event, "RUNNING PollRun wait 1730"},
                      {1730, Timer{}, "RUNNING " + kPoll},
                      {1740, event, "RUNNING PollRun wait 2740"},
                      {2740, Timer{}, "RUNNING " + kPoll},
                      {2750, ok(kInProgress), "RUNNING PollRun wait 3940"},
                      {3940, Timer{}, "RUNNING " + kPoll},
                      {3950, event, "RUNNING PollRun wait 4450"}});
    }
}

TEST(ResponsesFailures, GivesUpPollsThatKeepFailing) {
    Driver driver = driverAtPoll();
    driver.settings.retries = 0;
    play(driver, {{1230, answer(503, ""), "FAILED " + kCancelRun + " !"}});
    EXPECT_EQ(driver.error().name, "ProviderUnavailable");
    EXPECT_FALSE(driver.last.mayFallBack);
}

TEST(ResponsesFailures, TakesWhatIsRefusedForGoodAsTheEnd) {
    const struct {
        int status;
        const char* name;
        bool mayFallBack;
    } rows[] = {
        {400, "ProviderError", false}, {401, "ProviderError", true},  {403, "ProviderError", true},
        {404, "ProviderError", true},  {413, "ProviderError", false}, {422, "ProviderError", false},
        {302, "ProviderError", true},
    };
    for (const auto& row : rows) {
        Driver driver = driverAtStart();
        play(driver, {{10, answer(row.status, ""), "FAILED " + kDeleteThread + " !"}});
        EXPECT_EQ(driver.error().name, row.name);
        EXPECT_EQ(driver.last.mayFallBack, row.mayFallBack) << row.status;
        EXPECT_EQ(driver.last.parting.has_value(), row.mayFallBack);
    }
}

TEST(ResponsesFailures, CallsASpentBudgetByItsName) {
    Driver driver = driverAtStart();
    play(driver, {{10, answer(429, R"({"error":{"code":"insufficient_quota","message":"x"}})"),
                   "FAILED " + kDeleteThread + " !"}});
    EXPECT_EQ(driver.error().name, "RateLimited");
    EXPECT_TRUE(driver.last.mayFallBack);
}

TEST(ResponsesFailures, TriesAgainAfterARefusalForNow) {
    for (const Event& event : kRefusals) {
        Driver driver = driverAtStart();
        play(driver, {{10, event, "PENDING CreateRun wait 510"},
                      {510, Timer{}, "PENDING " + kCreate},
                      {520, event, "PENDING CreateRun wait 1520"},
                      {1520, Timer{}, "PENDING " + kCreate},
                      {1530, event, "PENDING CreateRun wait 3530"},
                      {3530, Timer{}, "PENDING " + kCreate},
                      {3540, event, "FAILED " + kDeleteThread + " !"}});
        EXPECT_TRUE(driver.last.mayFallBack);
    }
}

TEST(ResponsesFailures, EndsWithTheRunsTime) {
    Driver driver = driverAtPoll();
    play(driver, {{90'000, ok(kCompleted), "FAILED " + kCancelRun + " !"}});
    EXPECT_EQ(driver.error().name, "RunTimeout");
    EXPECT_EQ(driver.error().statusCode, 504);
}

TEST(ResponsesFailures, EndsAHeldCallWithTheRunsTime) {
    Driver driver = heldDriver();
    driver.step(0, Resume{});
    driver.step(10, ok(kConversation));
    play(driver, {{89'990, kUnknown, "FAILED FindLostRun wait 91990 !"}});
    EXPECT_EQ(driver.error().name, "RunTimeout");
}

// --- a response that is not shown ---

TEST(ResponsesFailures, HoldsTheCallWhereTheFirstPollFindsNoSuchThing) {
    for (const int status : {404, 405}) {
        Driver driver = driverAtPoll();
        play(driver, {{1230, answer(status, ""), "RUNNING FindRun wait 1230"}});
        EXPECT_NE(driver.last.note.find("asked for one in foreground"), std::string::npos);
        play(driver, {{1230, Timer{}, "RUNNING " + kLook},
                      {1240, ok(kEmptyPage), "RUNNING CreateRun wait 1240"},
                      {1240, Timer{}, "RUNNING " + kCreate}});
        EXPECT_TRUE(driver.call().held);
        EXPECT_EQ(driver.call().body.find("background"), std::string::npos);
        play(driver, {{9000, ok(kCompleted), "COMPLETED " + kDeleteRun + " !"}});
    }
}

TEST(ResponsesFailures, TakesTheAnswerOfAResponseThatIsOnlyInItsConversation) {
    Driver driver = driverAtPoll();
    play(driver, {{1230, answer(404, ""), "RUNNING FindRun wait 1230"},
                  {1230, Timer{}, "RUNNING " + kLook},
                  {1240, ok(page(message("42") + "," + userMessage("What is the answer?"))),
                   "COMPLETED " + kDeleteRun + " !"}});
    EXPECT_EQ(driver.last.visible->answer, "42");
    EXPECT_EQ(driver.record.runId.view(), "resp_1");
}

TEST(ResponsesFailures, HoldsTheCallAtOnceWhereThereIsNoConversation) {
    Driver driver = loneDriver();
    driver.step(0, Resume{});
    play(driver, {{20, ok(kQueued), "RUNNING PollRun wait 1220 !"},
                  {1220, Timer{}, "RUNNING " + kPoll},
                  {1230, answer(404, ""), "RUNNING CreateRun wait 1230"}});
}

TEST(ResponsesFailures, LooksForTheFirstRunWhereItStillHoldsTheConversation) {
    Driver driver = driverAtPoll();
    const std::string done = page(message("42") + "," + userMessage("x"));
    play(driver, {{1230, answer(404, ""), "RUNNING FindRun wait 1230"},
                  {1230, Timer{}, "RUNNING " + kLook},
                  {1240, ok(kEmptyPage), "RUNNING CreateRun wait 1240"},
                  {1240, Timer{}, "RUNNING " + kCreate},
                  {1250, answer(400, kLocked), "RUNNING FindRun wait 2250"},
                  {2250, Timer{}, "RUNNING " + kLook},
                  {2260, ok(done), "COMPLETED " + kDeleteRun + " !"}});
}

TEST(ResponsesFailures, HoldsTheCallAlsoWhenItIsTakenOverInBetween) {
    Driver driver = driverAtPoll();
    play(driver, {{1300, Resume{}, "RUNNING PollRun wait 2420"},
                  {2420, Resume{}, "RUNNING " + kPoll},
                  {2430, answer(404, ""), "RUNNING FindRun wait 2430"}});
    EXPECT_EQ(driver.record.polls, 1U) << "of the pauses at a lock";
}

TEST(ResponsesFailures, StartsNothingTwiceWhereThatIsForbidden) {
    Driver driver = driverOf();
    driver.record.guarantee = StartGuarantee::AtMostOnce;
    playToPoll(driver);
    driver.step(1220, Timer{});
    play(driver, {{1230, answer(404, ""), "FAILED " + kCancelRun + " !"}});
    EXPECT_EQ(driver.error().name, "StartOutcomeUnknown");
    EXPECT_EQ(driver.error().message,
              "could not poll the run: the provider answered 404" + kNotAgain);
}

TEST(ResponsesFailures, TakesAResponseThatWasShownBeforeForLost) {
    for (const int status : {404, 405}) {
        Driver driver = driverAtPoll();
        play(driver, {{1230, ok(kInProgress), "RUNNING PollRun wait 2420"},
                      {2420, Timer{}, "RUNNING " + kPoll},
                      {2430, answer(status, ""), "FAILED " + kDeleteRun + " !"}});
        EXPECT_EQ(driver.error().name, "ProviderError");
        EXPECT_EQ(driver.error().message, "the provider does not have the response any more");
        EXPECT_EQ(driver.error().statusCode, 502);
    }
}

TEST(ResponsesFailures, TakesAForegroundResponseThatIsNotShownForLost) {
    Driver driver = heldDriver();
    driver.step(0, Resume{});
    driver.step(10, ok(kConversation));
    play(driver, {{20, ok(kQueued), "RUNNING PollRun wait 1220 !"},
                  {1220, Timer{}, "RUNNING " + kPoll},
                  {1230, answer(404, ""), "FAILED " + kDeleteRun + " !"}});
}

}  // namespace
}  // namespace edgerun::run::test::responses
