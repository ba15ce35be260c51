#include "run_driver.h"

/// edgerun_start_guarantee: what follows when nobody knows whether the run was started.
namespace edgerun::run::test {
namespace {

const std::string kCreate = "PENDING CreateRun POST /threads/thread_1/runs";
const std::string kDelete = "DeleteThread DELETE /threads/thread_1";
const std::string kLook = std::string("FindRun GET ") + kRunsPage;
const std::string kLookForLost = std::string("FindLostRun GET ") + kRunsPage;
const std::string kNotAgain = "; the run may have been started and is not tried again";

/// To where the run was just asked for, all at the start.
Driver driverAtStart(StartGuarantee guarantee) {
    Driver driver;
    driver.record.guarantee = guarantee;
    driver.step(0, Resume{});
    driver.step(0, ok(kThread));
    EXPECT_EQ(nameOf(driver.step(0, ok(kMessage))), kCreate);
    return driver;
}

Response refusedForGood(int status) {
    Response response = answer(status, "");
    response.shouldRetry = false;
    return response;
}

const Event kUnknownOutcomes[] = {kUnknown,        kTooLarge,    answer(500, ""),
                                  answer(503, ""), ok("<html>"), ok(R"({"id":7})")};

// --- at most once ---

TEST(AssistantsAtMostOnce, FailsWhenTheOutcomeIsUnknownAndCancelsTheRunThatIsFoundLater) {
    for (const Event& event : kUnknownOutcomes) {
        Driver driver = driverAtStart(StartGuarantee::AtMostOnce);
        play(driver, {{10, event, "FAILED FindLostRun wait 2010 !"}});
        EXPECT_EQ(driver.error().name, "StartOutcomeUnknown");
        EXPECT_EQ(driver.error().statusCode, 502);
        EXPECT_EQ(driver.error().message.rfind("could not start the run: ", 0), 0U);
        EXPECT_NE(driver.error().message.find(kNotAgain), std::string::npos);
        EXPECT_FALSE(driver.last.note.empty());
        play(driver,
             {{2010, Timer{}, "FAILED " + kLookForLost},
              {2020, ok(kOwnRuns), "FAILED CancelRun POST /threads/thread_1/runs/run_1/cancel"},
              {2030, ok("{}"), "FAILED " + kDelete},
              {2040, ok("{}"), "FAILED Done finished"}});
    }
}

TEST(AssistantsAtMostOnce, FailsByThatNameWhenTheProviderForbidsToTryAgain) {
    Driver driver = driverAtStart(StartGuarantee::AtMostOnce);
    play(driver, {{10, refusedForGood(500), "FAILED FindLostRun wait 2010 !"}});
    EXPECT_EQ(driver.error().name, "StartOutcomeUnknown");
}

TEST(AssistantsAtMostOnce, FailsWhenItIsTakenOverAmidTheStart) {
    for (const Event& event : {Event(Resume{}), Event(Timer{})}) {
        Driver driver = driverAtStart(StartGuarantee::AtMostOnce);
        play(driver, {{10, event, "FAILED FindLostRun wait 2010 !"}});
        EXPECT_EQ(driver.error().message,
                  "could not start the run: it was interrupted before the provider's response "
                  "came" +
                      kNotAgain);
        EXPECT_EQ(driver.last.note, driver.error().message);
    }
}

TEST(AssistantsAtMostOnce, TriesAgainAfterARefusalOfWhatWasNotStarted) {
    for (const Event& event : {Event(kNotSent), Event(answer(429, "")), Event(answer(409, ""))}) {
        Driver driver = driverAtStart(StartGuarantee::AtMostOnce);
        play(driver, {{10, event, "PENDING CreateRun wait 510"},
                      {510, Timer{}, kCreate},
                      {520, event, "PENDING CreateRun wait 1520"},
                      {900, Resume{}, "PENDING CreateRun wait 1520"},
                      {1520, Resume{}, kCreate},
                      {1530, ok(kQueued), "RUNNING PollRun wait 2730 !"}});
    }
}

TEST(AssistantsAtMostOnce, CallsARefusalByItsOwnName) {
    Driver driver = driverAtStart(StartGuarantee::AtMostOnce);
    play(driver, {{10, answer(404, ""), "FAILED " + kDelete + " !"}});
    EXPECT_EQ(driver.error().name, "ProviderError");
}

// --- at least once ---

TEST(AssistantsAtLeastOnce, TriesAgainWithoutLookingUntilTheRetriesAreSpent) {
    for (const Event& event : kUnknownOutcomes) {
        Driver driver = driverAtStart(StartGuarantee::AtLeastOnce);
        play(driver, {{10, event, "PENDING CreateRun wait 510"},
                      {510, Timer{}, kCreate},
                      {520, event, "PENDING CreateRun wait 1520"},
                      {1520, Timer{}, kCreate},
                      {1530, event, "PENDING CreateRun wait 3530"},
                      {3530, Timer{}, kCreate},
                      {3540, event, "FAILED FindLostRun wait 5540 !"}});
        EXPECT_NE(driver.error().name, "StartOutcomeUnknown");
    }
}

TEST(AssistantsAtLeastOnce, FollowsTheRunOfALaterTry) {
    Driver driver = driverAtStart(StartGuarantee::AtLeastOnce);
    play(driver, {{10, kUnknown, "PENDING CreateRun wait 510"},
                  {510, Timer{}, kCreate},
                  {520, ok(kQueued), "RUNNING PollRun wait 1720 !"}});
}

TEST(AssistantsAtLeastOnce, IsResumedWhereItWas) {
    Driver driver = driverAtStart(StartGuarantee::AtLeastOnce);
    play(driver, {{10, Resume{}, "PENDING CreateRun wait 510"},  // its answer is lost
                  {20, Resume{}, "PENDING CreateRun wait 510"},  // the pause goes on
                  {600, Resume{}, kCreate},
                  {610, Resume{}, "PENDING CreateRun wait 1610"}});
    EXPECT_EQ(driver.record.rounds, 2U);
}

TEST(AssistantsAtLeastOnce, TriesOnceMoreEvenWithoutAPause) {
    Driver driver = driverAtStart(StartGuarantee::AtLeastOnce);
    Response now = answer(503, "");
    now.retryAfter = 0;
    play(driver, {{0, now, "PENDING CreateRun wait 1"}, {1, Timer{}, kCreate}});
}

TEST(AssistantsAtLeastOnce, TakesABusyThreadForItsOwnEarlierTry) {
    Driver driver = driverAtStart(StartGuarantee::AtLeastOnce);
    play(driver, {{10, kUnknown, "PENDING CreateRun wait 510"},
                  {510, Timer{}, kCreate},
                  {520, answer(400, kBusyRun), "PENDING " + kLook},
                  {530, ok(kOwnRuns), "RUNNING PollRun wait 1730 !"}});
}

TEST(AssistantsAtLeastOnce, TakesABusyThreadForAnothersRunAtTheFirstTry) {
    Driver driver = driverAtStart(StartGuarantee::AtLeastOnce);
    play(driver,
         {{10, answer(400, kBusyRun), "PENDING CreateRun wait 1010"}, {1010, Timer{}, kCreate}});
}

TEST(AssistantsAtLeastOnce, CannotFollowABusyThreadWithoutALookUp) {
    Driver driver = driverAtStart(StartGuarantee::AtLeastOnce);
    driver.step(10, kUnknown);
    driver.step(510, Timer{});
    driver.step(520, answer(400, kBusyRun));
    play(driver, {{530, answer(404, ""), "FAILED " + kLookForLost + " !"}});
    EXPECT_EQ(driver.error().name, "StartOutcomeUnknown");
}

TEST(AssistantsAtLeastOnce, LooksForALostRunWhenAnyTryMayHaveStartedOne) {
    const struct {
        std::vector<Row> rows;
        std::string cancelled;  ///< at 600
    } cases[] = {
        {{{10, kNotSent, "PENDING CreateRun wait 510"}}, "CANCELLED " + kDelete + " !"},
        {{{10, kUnknown, "PENDING CreateRun wait 510"}}, "CANCELLED FindLostRun wait 2600 !"},
        {{{10, kUnknown, "PENDING CreateRun wait 510"},
          {510, Timer{}, kCreate},
          {520, kNotSent, "PENDING CreateRun wait 1520"}},
         "CANCELLED FindLostRun wait 2600 !"},
    };
    for (const auto& each : cases) {
        Driver driver = driverAtStart(StartGuarantee::AtLeastOnce);
        play(driver, each.rows);
        play(driver, {{600, Cancel{}, each.cancelled}});
    }
}

TEST(AssistantsAtLeastOnce, ObeysAProviderThatForbidsToTryAgain) {
    Driver driver = driverAtStart(StartGuarantee::AtLeastOnce);
    play(driver, {{10, refusedForGood(500), "FAILED FindLostRun wait 2010 !"}});
    EXPECT_EQ(driver.error().name, "ProviderUnavailable");
}

// --- look-up ---

TEST(AssistantsLookUp, FailsWhereTheProviderOffersNone) {
    for (const int status : {404, 405, 501}) {
        Driver driver = driverAtStart(StartGuarantee::Lookup);
        play(driver, {{10, kUnknown, "PENDING FindRun wait 2010"},
                      {2010, Timer{}, "PENDING " + kLook},
                      {2020, answer(status, ""), "FAILED " + kLookForLost + " !"}});
        EXPECT_EQ(driver.error().name, "StartOutcomeUnknown");
        EXPECT_EQ(driver.error().message, "could not look for the run: the provider answered " +
                                              std::to_string(status) + kNotAgain);
    }
}

TEST(AssistantsLookUp, IsTheDefaultWithAGraceOf5s) {
    EXPECT_EQ(Record{}.guarantee, StartGuarantee::Lookup);
    EXPECT_EQ(Settings{}.lookupGrace, 5000U);
}

TEST(AssistantsLookUp, HoldsForMessagesWhateverTheGuarantee) {
    for (const auto guarantee : {StartGuarantee::AtMostOnce, StartGuarantee::AtLeastOnce}) {
        for (const Event& event : {Event(kUnknown), Event(Resume{})}) {
            Driver driver;
            driver.record.guarantee = guarantee;
            driver.step(0, Resume{});
            driver.step(0, ok(kThread));
            play(driver, {{10, event, "PENDING FindMessage wait 510"},
                          {510, Timer{}, std::string("PENDING FindMessage GET ") + kMessagesPage},
                          {520, ok(kNothing), "PENDING AddMessage wait 520"},
                          {520, Timer{}, "PENDING AddMessage POST /threads/thread_1/messages"},
                          {530, ok(kMessage), kCreate}});
        }
    }
}

}  // namespace
}  // namespace edgerun::run::test
