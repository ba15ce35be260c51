#include "run_responses_driver.h"

/// Starts of responses whose outcome is unknown, or for which somebody else is in the way.
namespace edgerun::run::test::responses {
namespace {

const std::string kNotAgain = "; the run may have been started and is not tried again";
const std::string kEmptyPage = page();
const std::string kOnlyInput = page(userMessage("What is \\\"it\\\"?"));
const std::string kDone = page(message("42") + "," + userMessage("What is \\\"it\\\"?"));

/// To where the run was just asked for, all at the start.
Driver driverAtStart(StartGuarantee guarantee = StartGuarantee::Lookup) {
    Driver driver = driverOf();
    driver.record.guarantee = guarantee;
    driver.step(0, Resume{});
    EXPECT_EQ(nameOf(driver.step(0, ok(kConversation))), "PENDING " + kCreate);
    return driver;
}

/// The same in a conversation whose newest item was msg_0.
Driver driverInOldThread(StartGuarantee guarantee = StartGuarantee::Lookup) {
    Driver driver = driverOf();
    driver.threadId = "conv_1";
    driver.record.guarantee = guarantee;
    driver.step(0, Resume{});
    if (guarantee == StartGuarantee::Lookup) {
        driver.step(0, ok(R"({"data":[{"id":"msg_0","type":"message","role":"assistant"}]})"));
    }
    EXPECT_EQ(nameOf(driver.last), "PENDING " + kCreate);
    return driver;
}

Response refusedForGood(int status) {
    Response response = answer(status, "");
    response.shouldRetry = false;
    return response;
}

const Event kUnknownOutcomes[] = {kUnknown,        kTooLarge,    answer(500, ""),
                                  answer(503, ""), ok("<html>"), ok(R"({"id":"a/b"})")};

// --- a start whose outcome is unknown ---

TEST(ResponsesLookUp, TakesTheAnswerFromTheConversation) {
    for (const Event& event : kUnknownOutcomes) {
        Driver driver = driverAtStart();
        play(driver, {{10, event, "PENDING FindRun wait 2010"},
                      {2010, Timer{}, "PENDING " + kLook},
                      {2020, ok(kDone), "COMPLETED " + kDeleteThread + " !"}});
        EXPECT_EQ(driver.last.visible->answer, "42");
        EXPECT_EQ(driver.last.visible->steps, R"([{"type":"message","id":"msg_2"}])");
        EXPECT_EQ(driver.record.startedWall, kStartWall + 2020);
        EXPECT_TRUE(driver.record.runId.empty());
        EXPECT_EQ(driver.record.usage.total, -1);
    }
}

TEST(ResponsesLookUp, TakesCallsFromTheConversation) {
    Driver driver = driverAtStart();
    const std::string calls =
        page(functionCall("call_1") + R"(,{"type":"reasoning","id":"rs"},)" + userMessage("other"));
    play(driver, {{10, kUnknown, "PENDING FindRun wait 2010"},
                  {2010, Timer{}, "PENDING " + kLook},
                  {2020, ok(calls), "RUNNING CallTools wait 2020 !"},
                  {2020, Timer{}, "REQUIRES_ACTION AwaitOutputs wait 602020 !"}});
}

TEST(ResponsesLookUp, KnowsAnIncompleteAnswer) {
    Driver driver = driverAtStart();
    const std::string items =
        page(R"({"type":"message","id":"m","role":"assistant","status":"incomplete","content":)"
             R"([{"type":"output_text","text":"4"}]},)" +
             userMessage("x"));
    driver.step(10, kUnknown);
    driver.step(2010, Timer{});
    driver.step(2020, ok(items));
    EXPECT_EQ(driver.last.visible->incompleteReason, "unknown");
    EXPECT_EQ(driver.last.visible->answer, "4");
}

TEST(ResponsesLookUp, StartsAgainWhereNothingStandsThere) {
    for (const Event& event : kUnknownOutcomes) {
        Driver driver = driverAtStart();
        play(driver, {{10, event, "PENDING FindRun wait 2010"},
                      {2010, Timer{}, "PENDING " + kLook},
                      {2020, ok(kEmptyPage), "PENDING CreateRun wait 2020"},
                      {2020, Timer{}, "PENDING " + kCreate},
                      {2030, ok(kQueued), "RUNNING PollRun wait 3230 !"}});
    }
}

TEST(ResponsesLookUp, FindsCallsForWhoseLackOfOutputsAnotherTryIsRefused) {
    Driver driver = driverAtStart();
    const std::string calls = page(functionCall("call_1") + "," + userMessage("other"));
    play(driver, {{10, kUnknown, "PENDING FindRun wait 2010"},
                  {2010, Timer{}, "PENDING " + kLook},
                  {2020, ok(kEmptyPage), "PENDING CreateRun wait 2020"},
                  {2020, Timer{}, "PENDING " + kCreate},
                  {2030, answer(400, ""), "PENDING FindRun wait 4030"},
                  {4030, Timer{}, "PENDING " + kLook},
                  {4040, ok(calls), "RUNNING CallTools wait 4040 !"}});
}

TEST(ResponsesLookUp, EndsWithTheRefusalOfTheLastTryWhereNothingStandsThere) {
    Driver driver = driverAtStart();
    driver.step(10, kUnknown);
    unsigned tries = 1;
    for (std::uint64_t at = 3'000; !isFinal(driver.record.status) && tries < 20; at += 3'000) {
        driver.step(at, Timer{});
        driver.step(at + 10, ok(kEmptyPage));
        driver.step(at + 20, Timer{});
        driver.step(at + 30, answer(400, ""));
        tries++;
    }
    EXPECT_EQ(tries, driver.settings.retries + 1U);
    EXPECT_EQ(driver.last.visible->error->name, "ProviderError");
}

TEST(ResponsesLookUp, WaitsOutTheLockOfAnEarlierTryAndTakesItsAnswer) {
    Driver driver = driverAtStart();
    const Response locked = answer(400, kLocked);
    play(driver, {{10, kUnknown, "PENDING FindRun wait 2010"},
                  {2010, Timer{}, "PENDING " + kLook},
                  {2020, ok(kEmptyPage), "PENDING CreateRun wait 2020"},
                  {2020, Timer{}, "PENDING " + kCreate},
                  {2030, locked, "PENDING FindRun wait 3030"},
                  {3030, Timer{}, "PENDING " + kLook},
                  {3040, ok(kEmptyPage), "PENDING CreateRun wait 3040"},
                  {3040, Timer{}, "PENDING " + kCreate},
                  {3050, locked, "PENDING FindRun wait 5050"},
                  {5050, Timer{}, "PENDING " + kLook},
                  {5060, ok(kEmptyPage), "PENDING CreateRun wait 5060"},
                  {5060, Timer{}, "PENDING " + kCreate},
                  {5070, locked, "PENDING FindRun wait 9070"},
                  {9070, Timer{}, "PENDING " + kLook},
                  {9080, ok(kDone), "COMPLETED " + kDeleteThread + " !"}});
    EXPECT_EQ(driver.last.visible->answer, "42");
}

TEST(ResponsesLookUp, IsNotEndedByALockBeforeTheRunsTimeIs) {
    Driver driver = driverAtStart();
    driver.step(10, kUnknown);
    std::uint64_t at = 2010;
    int looks = 0;
    while (!isFinal(driver.record.status)) {
        driver.step(at, Timer{});
        if (isFinal(driver.record.status)) {
            break;
        }
        if (const auto* wait = std::get_if<Wait>(&driver.last.command)) {
            at = wait->until - kStart;
        } else if (driver.record.phase == Phase::FindRun) {
            ++looks;
            driver.step(at, ok(kEmptyPage));
        } else if (driver.record.phase == Phase::CreateRun) {
            driver.step(at, answer(400, kLocked));
            at = std::get<Wait>(driver.last.command).until - kStart;
        }
    }
    EXPECT_EQ(driver.error().name, "RunTimeout");
    EXPECT_EQ(at, 90'000U);
    EXPECT_GT(looks, 15);
    EXPECT_EQ(driver.record.phase, Phase::FindLostRun);
}

TEST(ResponsesLookUp, WaitsWhereTheInputStandsThereAlone) {
    Driver driver = driverAtStart();
    play(driver, {{10, kUnknown, "PENDING FindRun wait 2010"},
                  {2010, Timer{}, "PENDING " + kLook},
                  {2020, ok(kOnlyInput), "PENDING FindRun wait 3020"},
                  {3020, Timer{}, "PENDING " + kLook},
                  {3030, ok(kOnlyInput), "PENDING FindRun wait 5030"},
                  {5030, Timer{}, "PENDING " + kLook},
                  {5040, ok(kDone), "COMPLETED " + kDeleteThread + " !"}});
}

TEST(ResponsesLookUp, WaitsForTheItemThatEndsAResponse) {
    Driver driver = driverAtStart();
    const std::string begun = page(R"({"type":"reasoning","id":"rs_1"},)" + userMessage("x"));
    driver.step(10, kUnknown);
    driver.step(2010, Timer{});
    play(driver, {{2020, ok(begun), "PENDING FindRun wait 3020"}});
}

TEST(ResponsesLookUp, KnowsItsOwnRunInAContinuedThread) {
    const std::string own = userMessage("What is \\\"it\\\"?");
    const std::string old = R"({"type":"message","id":"msg_0","role":"assistant"})";
    const struct {
        std::string items;
        const char* expected;
    } rows[] = {
        {page(old + "," + own), "PENDING CreateRun wait 2020"},
        {page(message("42") + "," + own + "," + old), "COMPLETED"},
        {page(message("9") + "," + userMessage("else") + "," + old), "PENDING CreateRun wait 2020"},
        {page(message("9") + "," + userMessage("else") + "," + message("42") + "," + own + "," +
              old),
         "COMPLETED"},
        {page(own + "," + old), "PENDING FindRun wait 3020"},
        {page(message("9") + "," + functionOutput("call_9") + "," + old),
         "PENDING CreateRun wait 2020"},
        {page(message("42") + R"(,{"type":"message","role":"user","content":"What is \"it\"?"},)" +
              old),
         "COMPLETED"},
    };
    for (const auto& row : rows) {
        Driver driver = driverInOldThread();
        driver.step(10, kUnknown);
        driver.step(2010, Timer{});
        driver.step(2020, ok(row.items));
        EXPECT_EQ(nameOf(driver.last).rfind(row.expected, 0), 0U) << nameOf(driver.last);
        if (isFinal(driver.record.status)) {
            EXPECT_EQ(driver.last.visible->answer, "42");
        }
    }
}

TEST(ResponsesLookUp, FailsWhereItWasNotSeenHowTheThreadWasBefore) {
    Driver driver = driverOf();
    driver.threadId = "conv_1";
    driver.step(0, Resume{});
    driver.step(10, answer(405, ""));
    play(driver, {{20, kUnknown, "FAILED FindLostRun wait 2020 !"}});
    EXPECT_EQ(driver.error().name, "StartOutcomeUnknown");
}

TEST(ResponsesLookUp, FailsWhereItemsCannotBeListed) {
    for (const int status : {404, 405}) {
        Driver driver = driverAtStart();
        play(driver, {{10, kUnknown, "PENDING FindRun wait 2010"},
                      {2010, Timer{}, "PENDING " + kLook},
                      {2020, answer(status, ""), "FAILED " + kLookForLost + " !"}});
        EXPECT_EQ(driver.error().name, "StartOutcomeUnknown");
    }
}

TEST(ResponsesLookUp, FailsWhereThereAreNoConversations) {
    Driver driver = loneDriver();
    driver.step(0, Resume{});
    play(driver, {{10, kUnknown, "FAILED Done finished !"}});
    EXPECT_FALSE(driver.record.keepsRequest);
    EXPECT_EQ(driver.error().name, "StartOutcomeUnknown");
    EXPECT_EQ(
        driver.error().message,
        "could not start the run: no whole response came from the provider: it broke" + kNotAgain);
}

TEST(ResponsesLookUp, RepeatsLooksThatFail) {
    for (const Event& event : {Event(kUnknown), Event(ok("{}")), Event(answer(503, ""))}) {
        Driver driver = driverAtStart();
        play(driver, {{10, kUnknown, "PENDING FindRun wait 2010"},
                      {2010, Timer{}, "PENDING " + kLook},
                      {2020, event, "PENDING FindRun wait 2520"},
                      {2520, Timer{}, "PENDING " + kLook},
                      {2530, ok(kDone), "COMPLETED " + kDeleteThread + " !"}});
    }
}

TEST(ResponsesLookUp, DoesNotTryForEver) {
    Driver driver = driverAtStart();
    driver.settings.retries = 1;
    play(driver, {{10, kUnknown, "PENDING FindRun wait 2010"},
                  {2010, Timer{}, "PENDING " + kLook},
                  {2020, ok(kEmptyPage), "PENDING CreateRun wait 2020"},
                  {2020, Timer{}, "PENDING " + kCreate},
                  {2030, kUnknown, "PENDING FindRun wait 4030"},
                  {4030, Timer{}, "PENDING " + kLook},
                  {4040, ok(kEmptyPage), "FAILED " + kLookForLost + " !"}});
    EXPECT_EQ(driver.error().name, "StartOutcomeUnknown");
    EXPECT_EQ(driver.error().message, "could not start the run in 2 tries" + kNotAgain);
    EXPECT_FALSE(driver.last.mayFallBack);
}

TEST(ResponsesLookUp, DoesNotFallBackWhileAnEarlierTryMayRun) {
    Driver driver = driverAtStart();
    driver.step(10, kUnknown);
    driver.step(2010, Timer{});
    driver.step(2020, ok(kEmptyPage));
    driver.step(2020, Timer{});
    play(driver, {{2030, answer(401, ""), "FAILED FindLostRun wait 4030 !"}});
    EXPECT_FALSE(driver.last.mayFallBack);
}

TEST(ResponsesLookUp, FindsAHeldRunToo) {
    Driver driver = heldDriver();
    driver.step(0, Resume{});
    driver.step(10, ok(kConversation));
    play(driver, {{20, kUnknown, "RUNNING FindRun wait 2020"},
                  {2020, Timer{}, "RUNNING " + kLook},
                  {2030, ok(kDone), "COMPLETED " + kDeleteThread + " !"}});
}

TEST(ResponsesLookUp, ReadsSeveralMessagesInTheOrderOfWriting) {
    Driver driver = driverAtStart();
    const std::string items = page(message("b") + "," + message("a") + "," + userMessage("x"));
    driver.step(10, kUnknown);
    driver.step(2010, Timer{});
    driver.step(2020, ok(items));
    EXPECT_EQ(driver.last.visible->answer, "a\n\nb");
}

TEST(ResponsesLookUp, WaitsForAMessageThatIsBeingWritten) {
    Driver driver = driverAtStart();
    const std::string items = page(
        R"({"type":"message","id":"m","role":"assistant","status":"in_progress","content":[]},)" +
        userMessage("x"));
    driver.step(10, kUnknown);
    driver.step(2010, Timer{});
    play(driver, {{2020, ok(items), "PENDING FindRun wait 3020"}});
}

TEST(ResponsesLookUp, KnowsItsOwnConversationByAPageThatDoesNotReachTheInput) {
    Driver driver = driverAtStart();
    const std::string items = page(message("42") + R"(,{"type":"reasoning","id":"rs_1"})");
    driver.step(10, kUnknown);
    driver.step(2010, Timer{});
    play(driver, {{2020, ok(items), "COMPLETED " + kDeleteThread + " !"}});
}

// --- a conversation that somebody else uses ---

TEST(ResponsesLock, IsWaitedOutInAContinuedThread) {
    for (const auto guarantee :
         {StartGuarantee::Lookup, StartGuarantee::AtMostOnce, StartGuarantee::AtLeastOnce}) {
        for (const int status : {400, 409}) {
            Driver driver = driverInOldThread(guarantee);
            const Response locked = answer(status, kLocked);
            play(driver, {{10, locked, "PENDING CreateRun wait 1010"}});
            EXPECT_NE(driver.last.note, "");
            play(driver, {{1010, Timer{}, "PENDING " + kCreate},
                          {1020, locked, "PENDING CreateRun wait 3020"}});
            EXPECT_EQ(driver.last.note, "") << "a wait is no trouble each time";
            play(driver, {{3020, Timer{}, "PENDING " + kCreate},
                          {3030, locked, "PENDING CreateRun wait 7030"},
                          {7030, Timer{}, "PENDING " + kCreate},
                          {7040, locked, "PENDING CreateRun wait 12040"},
                          {12'040, Timer{}, "PENDING " + kCreate},
                          {12'050, locked, "PENDING CreateRun wait 17050"},
                          {17'050, Timer{}, "PENDING " + kCreate},
                          {17'060, ok(kQueued), "RUNNING PollRun wait 18260 !"}});
        }
    }
}

TEST(ResponsesLock, LastsAsLongAsTheProviderSays) {
    Driver driver = driverInOldThread();
    Response locked = answer(400, kLocked);
    locked.retryAfter = 7000;
    play(driver, {{10, locked, "PENDING CreateRun wait 7010"}});
    locked.retryAfter = UINT64_MAX;
    driver.step(7010, Timer{});
    play(driver, {{7020, locked, "PENDING CreateRun wait 90000"}});
}

TEST(ResponsesLock, DoesNotSpendTheTriesThatOtherFailuresHave) {
    Driver driver = driverInOldThread();
    std::uint64_t at = 10;
    for (int i = 0; i < 6; ++i) {
        driver.step(at, answer(400, kLocked));
        at = std::get<Wait>(driver.last.command).until - kStart;
        driver.step(at, Timer{});
    }
    play(driver, {{at, answer(429, ""), "PENDING CreateRun wait " + std::to_string(at + 500)}});
}

TEST(ResponsesLock, IsSurelyAnothersWhereNothingIsStartedTwice) {
    Driver driver = driverAtStart(StartGuarantee::AtMostOnce);
    play(driver, {{10, answer(429, ""), "PENDING CreateRun wait 510"},
                  {510, Timer{}, "PENDING " + kCreate},
                  {520, answer(400, kLocked), "PENDING CreateRun wait 1520"}});
}

TEST(ResponsesLock, IsAnErrorWhereTheProviderForbidsToTryAgain) {
    Driver driver = driverInOldThread();
    Response locked = answer(400, kLocked);
    locked.shouldRetry = false;
    play(driver, {{10, locked, "FAILED " + kDeleteThread + " !"}});
}

TEST(ResponsesLock, OfAnEarlierTryIsWaitedOutWithLooks) {
    Driver driver = driverAtStart(StartGuarantee::AtLeastOnce);
    play(driver, {{10, kUnknown, "PENDING CreateRun wait 510"},
                  {510, Timer{}, "PENDING " + kCreate},
                  {520, answer(400, kLocked), "PENDING FindRun wait 1520"},
                  {1520, Timer{}, "PENDING " + kLook},
                  {1530, ok(kDone), "COMPLETED " + kDeleteThread + " !"}});
}

// --- at most once, at least once ---

TEST(ResponsesAtMostOnce, FailsWhenTheOutcomeIsUnknown) {
    for (const Event& event : kUnknownOutcomes) {
        Driver driver = driverAtStart(StartGuarantee::AtMostOnce);
        play(driver, {{10, event, "FAILED FindLostRun wait 2010 !"},
                      {2010, Timer{}, "FAILED " + kLookForLost},
                      {2020, ok(kDone), "FAILED " + kDeleteThread},
                      {2030, ok("{}"), "FAILED Done finished"}});
    }
    Driver driver = driverAtStart(StartGuarantee::AtMostOnce);
    play(driver, {{10, refusedForGood(500), "FAILED FindLostRun wait 2010 !"}});
    EXPECT_EQ(driver.error().name, "StartOutcomeUnknown");
}

TEST(ResponsesAtLeastOnce, TriesAgainWithoutLooking) {
    for (const Event& event : kUnknownOutcomes) {
        Driver driver = driverAtStart(StartGuarantee::AtLeastOnce);
        play(driver, {{10, event, "PENDING CreateRun wait 510"},
                      {510, Timer{}, "PENDING " + kCreate},
                      {520, event, "PENDING CreateRun wait 1520"},
                      {1520, Timer{}, "PENDING " + kCreate},
                      {1530, event, "PENDING CreateRun wait 3530"},
                      {3530, Timer{}, "PENDING " + kCreate},
                      {3540, event, "FAILED FindLostRun wait 5540 !"}});
    }
}

TEST(ResponsesAtLeastOnce, GivesALostRunTimeWhenAnyTryMayHaveStartedOne) {
    const struct {
        std::vector<Row> rows;
        std::string cancelled;  ///< at 600
    } cases[] = {
        {{{10, kNotSent, "PENDING CreateRun wait 510"}}, "CANCELLED " + kDeleteThread + " !"},
        {{{10, kUnknown, "PENDING CreateRun wait 510"}}, "CANCELLED FindLostRun wait 2600 !"},
        {{{10, kUnknown, "PENDING CreateRun wait 510"},
          {510, Timer{}, "PENDING " + kCreate},
          {520, kNotSent, "PENDING CreateRun wait 1520"}},
         "CANCELLED FindLostRun wait 2600 !"},
    };
    for (const auto& each : cases) {
        Driver driver = driverAtStart(StartGuarantee::AtLeastOnce);
        play(driver, each.rows);
        play(driver, {{600, Cancel{}, each.cancelled}});
    }
}

}  // namespace
}  // namespace edgerun::run::test::responses
