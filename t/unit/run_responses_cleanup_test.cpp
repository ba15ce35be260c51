#include "run_responses_driver.h"

/// What is left to do when a job of the Responses machine has ended.
namespace edgerun::run::test::responses {
namespace {

// --- cancel ---

TEST(ResponsesCancel, CancelsTheResponseAndDeletesItAndItsThread) {
    Driver driver = driverOf();
    playToPoll(driver);
    play(driver, {{500, Cancel{}, "CANCELLED " + kCancelRun + " !"},
                  {510, ok("{}"), "CANCELLED " + kDeleteRun},
                  {520, ok("{}"), "CANCELLED " + kDeleteThread},
                  {530, ok("{}"), "CANCELLED Done finished"}});
}

TEST(ResponsesCancel, LeavesAHeldResponseToTheClosedConnection) {
    Driver driver = heldDriver();
    driver.step(0, Resume{});
    driver.step(10, ok(kConversation));
    play(driver, {{20, Cancel{}, "CANCELLED FindLostRun wait 2020 !"},
                  {2020, Timer{}, "CANCELLED " + kLookForLost},
                  {2030, ok(kEmptyPage), "CANCELLED " + kDeleteThread}});
}

TEST(ResponsesCancel, CannotCancelAForegroundResponseThatIsPolled) {
    Driver driver = heldDriver();
    driver.step(0, Resume{});
    driver.step(10, ok(kConversation));
    driver.step(20, ok(kQueued));
    play(driver, {{30, Cancel{}, "CANCELLED " + kDeleteRun + " !"}});
}

TEST(ResponsesCancel, DoesWhatEachPhaseNeeds) {
    const struct {
        std::vector<Event> events;  ///< one each 10 ms
        std::string expected;       ///< of a cancel 10 ms later
    } rows[] = {
        {{}, "CANCELLED Done finished !"},
        {{Resume{}}, "CANCELLED Done finished !"},
        {{Resume{}, ok(kConversation)}, "CANCELLED FindLostRun wait 2020 !"},
        {{Resume{}, ok(kConversation), kNotSent}, "CANCELLED " + kDeleteThread + " !"},
        {{Resume{}, ok(kConversation), kUnknown}, "CANCELLED FindLostRun wait 2020 !"},
        {{Resume{}, ok(kConversation), ok(kQueued)}, "CANCELLED " + kCancelRun + " !"},
        {{Resume{}, ok(kConversation), ok(kOneCall)}, "CANCELLED " + kDeleteRun + " !"},
    };
    for (const auto& row : rows) {
        Driver driver = driverOf();
        std::uint64_t at = 0;
        for (const Event& event : row.events) {
            driver.step(at, event);
            at += 10;
        }
        play(driver, {{at, Cancel{}, row.expected}});
    }
}

TEST(ResponsesCancel, DeletesNothingWhereARunIsGoneOrCannotBeDeleted) {
    for (const int status : {404, 405}) {
        Driver driver = driverOf();
        playToPoll(driver);
        play(driver, {{500, Cancel{}, "CANCELLED " + kCancelRun + " !"},
                      {510, answer(404, ""), "CANCELLED " + kDeleteRun},
                      {520, answer(status, ""), "CANCELLED " + kDeleteThread}});
        EXPECT_EQ(driver.last.note, "") << "it is no trouble";
        play(driver, {{530, answer(404, ""), "CANCELLED Done finished"}});
    }
}

TEST(ResponsesCancel, GivesUpOnRunsThatCannotBeDeletedButNotOnTheThread) {
    Driver driver = driverOf();
    driver.settings.retries = 1;
    playToPoll(driver);
    play(driver, {{500, Cancel{}, "CANCELLED " + kCancelRun + " !"},
                  {510, answer(400, ""), "CANCELLED " + kDeleteRun},
                  {520, answer(500, ""), "CANCELLED DeleteRun wait 1020"},
                  {1020, Timer{}, "CANCELLED " + kDeleteRun},
                  {1030, answer(500, ""), "CANCELLED " + kDeleteThread},
                  {1040, answer(500, ""), "CANCELLED DeleteThread wait 1540"},
                  {1540, Timer{}, "CANCELLED " + kDeleteThread},
                  {1550, ok("{}"), "CANCELLED Done finished"}});
}

// --- calls that are left open in a thread that goes on ---

TEST(ResponsesOpenCalls, AreAnsweredWhenTheJobIsCancelled) {
    ToolDriver tools(kKeepForever);
    Driver& driver = tools.atAwait();
    play(driver, {{2000, Cancel{}, "CANCELLED " + kClose + " !"}});
    EXPECT_EQ(driver.call().body,
              R"({"items":[{"type":"function_call_output","call_id":"call_1","output":"1"},)"
              R"({"type":"function_call_output","call_id":"call_2","output":"cancelled"}]})");
    EXPECT_TRUE(holdsThread(driver.record));
    play(driver, {{2010, ok("{}"), "CANCELLED Done finished"}});
    EXPECT_FALSE(driver.record.keepsRequest);
    EXPECT_FALSE(holdsThread(driver.record));
}

TEST(ResponsesOpenCalls, AreAnsweredWhenNobodyGaveTheirOutputs) {
    ToolDriver tools(kKeepForever);
    Driver& driver = tools.atAwait();
    play(driver, {{601'240, Timer{}, "FAILED " + kClose + " !"}});
    EXPECT_EQ(driver.error().name, "ActionExpired");
}

TEST(ResponsesOpenCalls, AreAnsweredWhenThereWereTooManyRounds) {
    ToolDriver tools(kKeepForever);
    tools.assistant.maxToolRounds = 0;
    Driver& driver = tools.atPoll();
    driver.step(1230, ok(kOneCall));
    play(driver, {{1230, Timer{}, "FAILED " + kClose + " !"}});
}

TEST(ResponsesOpenCalls, AreAnsweredWhereTheThreadIsWantedThoughItIsNotKept) {
    ToolDriver tools;
    Driver& driver = tools.atAwait();
    driver.isThreadWanted = true;
    play(driver, {{2000, Cancel{}, "CANCELLED " + kClose + " !"},
                  {2010, ok("{}"), "CANCELLED Done finished"}});
}

TEST(ResponsesOpenCalls, DoNotMatterWhereTheThreadEnds) {
    ToolDriver tools;
    Driver& driver = tools.atAwait();
    play(driver, {{2000, Cancel{}, "CANCELLED " + kDeleteRun + " !"}});
}

TEST(ResponsesOpenCalls, AreAnsweredWhenTheirOutputsCouldNotBeSubmitted) {
    ToolDriver tools(kKeepForever);
    Driver& driver = tools.atAwait();
    driver.step(2240, kThere);
    play(driver, {{2250, answer(401, ""), "FAILED " + kClose + " !"}});
    EXPECT_NE(driver.call().body.find(kOutputs), std::string::npos);
    EXPECT_FALSE(driver.last.mayFallBack);
}

/// Input and output join a conversation when the response completes; of others that is not said.
TEST(ResponsesOpenCalls, AreLookedForAfterAResponseThatDidNotComplete) {
    const std::string open = page(functionCall("call_2") + "," + functionCall("call_1"));
    const std::string closed = page(functionOutput("call_2") + "," + functionOutput("call_1") +
                                    "," + functionCall("call_2") + "," + functionCall("call_1"));
    const std::string ends[] = {response("failed", "", "resp_2"),
                                response("cancelled", "", "resp_2"),
                                response("incomplete", message("x"), "resp_2")};
    for (const std::string& end : ends) {
        for (const bool isOpen : {true, false}) {
            ToolDriver tools(kKeepForever);
            Driver& driver = tools.atSecondPoll();
            driver.step(3470, ok(end));
            EXPECT_TRUE(isFinal(driver.record.status));
            EXPECT_EQ(nameOf(driver.last.command), "wait 5470");
            driver.step(5470, Timer{});
            EXPECT_EQ(nameOf(driver.last.command), kItems);
            driver.step(5480, ok(isOpen ? open : closed));
            if (isOpen) {
                EXPECT_EQ(nameOf(driver.last.command), kClose.substr(14));
                EXPECT_NE(driver.call().body.find(R"("call_id":"call_1","output":"cancelled")"),
                          std::string::npos);
                driver.step(5490, ok("{}"));
            }
            EXPECT_EQ(driver.record.phase, Phase::Done);
        }
    }
}

TEST(ResponsesOpenCalls, AreLookedForAfterAResponseThatIsCancelled) {
    ToolDriver tools(kKeepForever);
    Driver& driver = tools.atSecondPoll();
    play(driver, {{3500, Cancel{}, "CANCELLED CancelRun POST /responses/resp_2/cancel !"},
                  {3510, ok("{}"), "CANCELLED FindLostRun wait 5510"},
                  {5510, Timer{}, "CANCELLED " + kLookForLost},
                  {5520, ok(kEmptyPage), "CANCELLED Done finished"}});
}

TEST(ResponsesOpenCalls, AreAnsweredWhenTheResponseCompletedBeforeItsCancel) {
    ToolDriver tools(kKeepForever);
    Driver& driver = tools.atPoll();
    play(driver, {{1230, Cancel{}, "CANCELLED " + kCancelRun + " !"},
                  {1240, ok(kTwoCalls), "CANCELLED " + kClose},
                  {1250, ok("{}"), "CANCELLED Done finished"}});
}

TEST(ResponsesOpenCalls, OfALostStartAreAnswered) {
    Driver driver = driverOf();
    driver.settings.keepThreads = kKeepForever;
    const std::string open = page(functionCall("call_1") + "," + userMessage("x"));
    driver.step(0, Resume{});
    driver.step(10, ok(kConversation));
    play(driver, {{20, Cancel{}, "CANCELLED FindLostRun wait 2020 !"},
                  {2020, Timer{}, "CANCELLED " + kLookForLost},
                  {2030, ok(open), "CANCELLED " + kClose},
                  {2040, ok("{}"), "CANCELLED Done finished"}});
}

TEST(ResponsesOpenCalls, OfALostStartDoNotMatterWhereTheThreadEnds) {
    Driver driver = driverOf();
    const std::string open = page(functionCall("call_1") + "," + userMessage("x"));
    driver.step(0, Resume{});
    driver.step(10, ok(kConversation));
    driver.step(20, Cancel{});
    driver.step(2020, Timer{});
    play(driver, {{2030, ok(open), "CANCELLED " + kDeleteThread}});
}

TEST(ResponsesOpenCalls, AreAnsweredTwentyAtATime) {
    std::string calls;
    for (int i = 0; i < 45; ++i) {
        calls += (i > 0 ? "," : "") + functionCall("call_" + std::to_string(i), "there");
    }
    ToolDriver tools(kKeepForever);
    Driver& driver = tools.atPoll();
    const std::string body = response("completed", calls);
    driver.step(1230, ok(body));
    driver.step(1230, Timer{});
    play(driver, {{1240, Cancel{}, "CANCELLED " + kClose + " !"}});
    EXPECT_NE(driver.call().body.find("call_19"), std::string::npos);
    EXPECT_EQ(driver.call().body.find("call_20"), std::string::npos);
    play(driver,
         {{1250, ok("{}"), "CANCELLED " + kClose}, {1260, ok("{}"), "CANCELLED " + kClose}});
    EXPECT_NE(driver.call().body.find("call_40"), std::string::npos);
    EXPECT_EQ(driver.call().body.find("call_39"), std::string::npos);
    play(driver, {{1270, ok("{}"), "CANCELLED Done finished"}});
}

TEST(ResponsesOpenCalls, AreLookedAtBeforeTheyAreAnsweredAgain) {
    for (const Event& event :
         {Event(kUnknown), Event(answer(500, "")), Event(answer(400, kLocked))}) {
        ToolDriver tools(kKeepForever);
        Driver& driver = tools.atAwait();
        const std::string open = page(functionCall("call_2"));
        play(driver, {{2000, Cancel{}, "CANCELLED " + kClose + " !"},
                      {2010, event, "CANCELLED SubmitOutputs wait 2510"},
                      {2510, Timer{}, "CANCELLED FindLostRun wait 4510"},
                      {4510, Timer{}, "CANCELLED " + kLookForLost},
                      {4520, ok(open), "CANCELLED " + kClose}});
        EXPECT_EQ(driver.call().body.find("call_1"), std::string::npos);
        EXPECT_NE(driver.call().body.find("call_2"), std::string::npos);
    }
    ToolDriver tools(kKeepForever);
    Driver& driver = tools.atAwait();
    driver.step(2000, Cancel{});
    play(driver, {{2010, Resume{}, "CANCELLED FindLostRun wait 4010"}});
}

TEST(ResponsesOpenCalls, AreLeftInTheEnd) {
    ToolDriver tools(kKeepForever);
    Driver& driver = tools.atAwait();
    driver.step(2000, Cancel{});
    const std::string open = page(functionCall("call_2"));
    std::uint64_t at = 2000;
    int closings = 0;
    while (driver.record.phase != Phase::Done && closings < 100) {
        if (const auto* wait = std::get_if<Wait>(&driver.last.command)) {
            at = wait->until - kStart;
            driver.step(at, Timer{});
        } else if (driver.record.phase == Phase::SubmitOutputs) {
            ++closings;
            driver.step(at, kUnknown);
        } else {
            driver.step(at, ok(open));
        }
    }
    EXPECT_EQ(closings, 16);
}

TEST(ResponsesOpenCalls, AreLeftWhereTheConversationIsGone) {
    ToolDriver tools(kKeepForever);
    Driver& driver = tools.atAwait();
    play(driver, {{2000, Cancel{}, "CANCELLED " + kClose + " !"},
                  {2010, answer(404, ""), "CANCELLED Done finished"}});
    EXPECT_NE(driver.last.note, "");
}

// --- times ---

TEST(ResponsesThreads, AreDeletedWithTheirResponsesWhenTheirTimeIsOver) {
    Driver driver = driverOf();
    driver.settings.keepThreads = 60'000;
    playToPoll(driver);
    driver.step(1220, Timer{});
    const std::string done = completed();
    play(driver, {{1230, ok(done), "COMPLETED DeleteThread wait 61230 !"}});
    EXPECT_FALSE(driver.record.isThreadGone);
    play(driver, {{61'230, Timer{}, "COMPLETED " + kDeleteRun}});
    EXPECT_TRUE(driver.record.isThreadGone);
    play(driver, {{61'240, ok("{}"), "COMPLETED " + kDeleteThread},
                  {61'250, ok("{}"), "COMPLETED Done finished"}});
}

TEST(ResponsesThreads, OfEdgerunAreDeletedWithAllTheirResponses) {
    Driver driver = loneDriver();
    driver.settings.keepThreads = 60'000;
    driver.threadId = "thread_job0";
    driver.memory = R"({"last":"resp_0","responses":["resp_0"]})";
    driver.step(0, Resume{});
    const std::string done = completed();
    play(driver, {{10, ok(done), "COMPLETED DeleteThread wait 60010 !"},
                  {60'010, Timer{}, "COMPLETED DeleteRun DELETE /responses/resp_0"},
                  {60'020, ok("{}"), "COMPLETED " + kDeleteRun},
                  {60'030, ok("{}"), "COMPLETED Done finished"}});
    EXPECT_TRUE(driver.record.isThreadGone);
    EXPECT_FALSE(driver.record.keepsRequest);
}

TEST(ResponsesThreads, ThatAnotherJobGoesOnInAreNotDeleted) {
    for (const std::uint64_t kept : {std::uint64_t{0}, std::uint64_t{60'000}}) {
        Driver driver = driverOf();
        driver.settings.keepThreads = kept;
        driver.isThreadWanted = true;
        playToPoll(driver);
        driver.step(1220, Timer{});
        const std::string done = completed();
        play(driver, {{1230, ok(done), "COMPLETED Done finished !"}});
    }
}

TEST(ResponsesThreads, AreKeptForEverWithTheirResponses) {
    Driver driver = driverOf();
    driver.settings.keepThreads = kKeepForever;
    playToPoll(driver);
    driver.step(1220, Timer{});
    const std::string done = completed();
    play(driver, {{1230, ok(done), "COMPLETED Done finished !"}});
    EXPECT_FALSE(driver.record.keepsRequest);
}

TEST(ResponsesThreads, ForgetTheOldestOfVeryManyResponses) {
    std::string list = "[";
    for (int i = 0; i < 256; ++i) {
        list += (i > 0 ? ",\"" : "\"") + ("r" + std::to_string(i)) + "\"";
    }
    Driver driver = loneDriver();
    driver.settings.keepThreads = kKeepForever;
    driver.threadId = "thread_job0";
    driver.memory = R"({"responses":)" + list + "]}";
    driver.step(0, Resume{});
    driver.step(10, ok(kQueued));
    EXPECT_EQ(driver.work.find("\"r0\""), std::string::npos);
    EXPECT_NE(driver.work.find("\"r1\""), std::string::npos);
    EXPECT_NE(driver.work.find("\"resp_1\"]"), std::string::npos);
}

}  // namespace
}  // namespace edgerun::run::test::responses
