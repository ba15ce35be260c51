#include "run_driver.h"

/// Function tools: those that edgerun calls, those that the job's client calls, and rounds of both.
namespace edgerun::run::test {
namespace {

const std::string kDelete = "DeleteThread DELETE /threads/thread_1";
const std::string kCancelCall = "CancelRun POST /threads/thread_1/runs/run_1/cancel";
const std::string kPoll = "RUNNING PollRun GET /threads/thread_1/runs/run_1";
const std::string kSubmit =
    "RUNNING SubmitOutputs POST /threads/thread_1/runs/run_1/submit_tool_outputs";

/// To where the first poll is under way, at 1,230 ms, of a run of the assistant "helper".
struct ToolDriver : Driver {
    Assistant assistant = helper();

    ToolDriver() {
        described = &assistant;
        assistantId = "asst_5";
        playToRunning(*this);
        step(1230, Timer{});
    }

    /// The poll's answer at `at`, and what follows from it at once.
    const Step& need(std::uint64_t at, const std::vector<Wanted>& calls) {
        const std::string body = needing(calls);
        EXPECT_EQ(nameOf(step(at, ok(body))), "RUNNING CallTools wait " + std::to_string(at));
        return step(at, Timer{});
    }

    /// As the provider got them: {"c1", "done"} for each.
    std::string submitted() const { return call().body; }
};

ToolOutputs outputs(std::vector<ToolOutput> list) {
    return {std::move(list)};
}

// --- called here ---

TEST(Tools, AreCalledHereAndTheirOutputsSubmitted) {
    ToolDriver driver;
    driver.need(1240, {{"c1", "here", R"({"a":1})"}, {"c2", "here", "{}"}});
    EXPECT_EQ(nameOf(driver.last), "RUNNING CallTools call here here");
    const auto& calls = std::get<ToolCalls>(driver.last.command);
    EXPECT_EQ(calls.calls[0].id, "c1");
    EXPECT_EQ(calls.calls[0].arguments, R"({"a":1})");
    EXPECT_EQ(calls.deadline, kStart + 90'000);
    play(driver, {{1300, outputs({{"c2", "two \"2\""}, {"c1", "one"}}), kSubmit}});
    EXPECT_EQ(driver.submitted(), R"({"tool_outputs":[{"tool_call_id":"c1","output":"one"},)"
                                  R"({"tool_call_id":"c2","output":"two \"2\""}]})");
    EXPECT_TRUE(driver.call().once);
    play(driver, {{1310, ok(kQueued), "RUNNING PollRun wait 2510"},
                  {2510, Timer{}, kPoll},
                  {2520, ok(kCompleted), std::string("RUNNING ListMessages GET ") + kAnswerPage},
                  {2530, ok(kAnswer), "COMPLETED " + kDelete + " !"}});
}

TEST(Tools, AreCalledInSeveralRounds) {
    ToolDriver driver;
    std::uint64_t at = 1240;
    for (int round = 1; round <= 8; ++round) {
        const std::string id = "c" + std::to_string(round);
        driver.need(at, {{id, "here"}});
        EXPECT_EQ(driver.record.toolRounds, round);
        driver.step(at, outputs({{id, "done"}}));
        EXPECT_EQ(driver.submitted(),
                  R"({"tool_outputs":[{"tool_call_id":")" + id + R"(","output":"done"}]})");
        // The next round may come with the answer to the outputs, or with a poll.
        if (round % 2 == 0) {
            driver.step(at, ok(kQueued));
            at += 1200;
            EXPECT_EQ(nameOf(driver.step(at, Timer{})), kPoll);
        }
    }
    EXPECT_EQ(driver.record.rounds, 1U);
}

TEST(Tools, MayHaveTheSameIdsInEachRound) {
    ToolDriver driver;
    driver.need(1240, {{"c1", "here", R"({"a":1})"}});
    driver.step(1250, outputs({{"c1", "one"}}));
    driver.need(1260, {{"c1", "here", R"({"a":2})"}});
    EXPECT_EQ(nameOf(driver.last), "RUNNING CallTools call here");
    driver.step(1270, outputs({{"c1", "two"}}));
    EXPECT_NE(driver.submitted().find("two"), std::string::npos);
}

TEST(Tools, AreNotCalledInMoreRoundsThanTheAssistantHas) {
    ToolDriver driver;
    driver.assistant.maxToolRounds = 2;
    for (int round = 1; round <= 2; ++round) {
        const std::string id = "c" + std::to_string(round);
        driver.need(1240, {{id, "here"}});
        EXPECT_EQ(nameOf(driver.step(1240, outputs({{id, "done"}}))), kSubmit);
    }
    driver.need(1250, {{"c3", "here"}});
    EXPECT_EQ(nameOf(driver.last), "FAILED " + kCancelCall + " !");
    EXPECT_EQ(driver.error().name, "TooManyToolRounds");
    EXPECT_EQ(driver.error().message, "the model called tools more than 2 times");
    EXPECT_EQ(driver.error().statusCode, 502);
    EXPECT_FALSE(driver.last.mayFallBack);
    play(driver, {{1260, ok("{}"), "FAILED " + kDelete}});
}

TEST(Tools, AreNotCalledForEverWhereNothingSaysHowOften) {
    ToolDriver driver;
    driver.described = nullptr;
    driver.record.toolRounds = 63;
    driver.need(1240, {{"c1", "any"}});
    EXPECT_EQ(driver.record.phase, Phase::AwaitOutputs);
    driver.step(1250, outputs({{"c1", "done"}}));
    driver.need(1260, {{"c2", "any"}});
    EXPECT_EQ(driver.error().name, "TooManyToolRounds");
}

TEST(Tools, AreCountedWithoutBeginningAnew) {
    ToolDriver driver;
    driver.assistant.maxToolRounds = 1000;
    driver.record.toolRounds = 255;
    driver.need(1240, {{"c1", "here"}});
    EXPECT_EQ(driver.record.toolRounds, 255);
}

TEST(Tools, WithoutArgumentsAreCalledWithNone) {
    ToolDriver driver;
    driver.need(1240, {{"c1", "here", ""}});
    EXPECT_EQ(nameOf(driver.last), "RUNNING CallTools call here");
    EXPECT_EQ(std::get<ToolCalls>(driver.last.command).calls.at(0).arguments, "{}");
}

// --- what nobody can call ---

TEST(Tools, GetAnErrorForAnOutputWhereTheModelCallsThemWrongly) {
    const struct {
        Wanted call;
        const char* output;
    } rows[] = {
        {{"c1", "here", "{"}, R"({"error":"the arguments are not a JSON object"})"},
        {{"c1", "here", "[1]"}, R"({"error":"the arguments are not a JSON object"})"},
        {{"c1", "here", R"({"a":1,"a":2})"}, R"({"error":"the arguments are not a JSON object"})"},
        {{"c1", "there", "7"}, R"({"error":"the arguments are not a JSON object"})"},
        {{"c1", "nowhere", "{}"}, R"({"error":"there is no such function"})"},
    };
    for (const auto& row : rows) {
        ToolDriver driver;
        driver.need(1240, {row.call});
        EXPECT_EQ(nameOf(driver.last), kSubmit) << row.call.arguments;
        std::string expected = R"({"tool_outputs":[{"tool_call_id":"c1","output":)";
        text::appendJsonString(expected, row.output);
        EXPECT_EQ(driver.submitted(), expected + "}]}");
    }
}

TEST(Tools, AreOfTheClientWhereTheAssistantWasSetUpElsewhere) {
    for (const bool isDescribed : {true, false}) {
        ToolDriver driver;
        driver.assistant.id = "asst_9";
        driver.described = isDescribed ? &driver.assistant : nullptr;
        driver.need(1240, {{"c1", "unheard_of"}});
        EXPECT_EQ(nameOf(driver.last), "REQUIRES_ACTION AwaitOutputs wait 601240 !");
    }
}

TEST(Tools, OfAnAssistantSetUpElsewhereAreCalledHereToo) {
    ToolDriver driver;
    driver.assistant.id = "asst_9";
    driver.need(1240, {{"c1", "here"}});
    EXPECT_EQ(nameOf(driver.last), "RUNNING CallTools call here");
}

TEST(Tools, MayAnswerWithBytesThatJsonCanHardlyHold) {
    ToolDriver driver;
    driver.need(1240, {{"c1", "here"}, {"c2", "there"}});
    driver.step(1250, outputs({{"c1", std::string("a\0b\x7f\n\xC3\xA4", 7)}}));
    ASSERT_EQ(nameOf(driver.last), "REQUIRES_ACTION AwaitOutputs wait 601250 !");
    EXPECT_TRUE(outputsFit(driver.work, outputs({{"c2", ""}})));
    driver.step(1260, outputs({{"c2", ""}}));
    EXPECT_EQ(driver.submitted(),
              "{\"tool_outputs\":[{\"tool_call_id\":\"c1\",\"output\":\"a b\x7f\\n\xC3\xA4\"},"
              "{\"tool_call_id\":\"c2\",\"output\":\"\"}]}");
}

// --- called by the client ---

TEST(Tools, OfTheClientAreShownWithTheTimeThatItHas) {
    ToolDriver driver;
    const Step& shown = driver.need(1240, {{"c1", "there", R"({"a":1})"}});
    EXPECT_EQ(nameOf(shown), "REQUIRES_ACTION AwaitOutputs wait 601240 !");
    EXPECT_EQ(shown.visible->requiredAction,
              R"({"type":"submit_tool_outputs","toolCalls":[)"
              R"({"id":"c1","name":"there","arguments":"{\"a\":1}"}],)"
              R"("expiresAt":"2023-11-14T22:23:21.240Z"})");
    play(driver, {{5000, Resume{}, "REQUIRES_ACTION AwaitOutputs wait 601240"},
                  {6000, Timer{}, "REQUIRES_ACTION AwaitOutputs wait 601240"},
                  {7000, ok(kInProgress), "REQUIRES_ACTION AwaitOutputs wait 601240"},
                  {8000, outputs({{"c1", "done"}}), kSubmit + " !"}});
    EXPECT_EQ(driver.last.visible->requiredAction, "");
    play(driver, {{8010, ok(kQueued), "RUNNING PollRun wait 9210"}});
}

TEST(Tools, OfTheClientHaveNoLongerThanTheRunLives) {
    const struct {
        const char* expiresAt;  ///< the driver's clock begins at 1,700,000,000
        const char* expected;
    } rows[] = {
        {"1700000301", "wait 301000"},
        {"1700000601", "wait 601000"},
        {"1700009999", "wait 601240"},
        {"1699999999", "wait 601240"},
        {"0", "wait 601240"},
        {"-5", "wait 601240"},
        {"null", "wait 601240"},
        {"\"soon\"", "wait 601240"},
        {"9223372036854775807", "wait 601240"},
        {"9223372036854775", "wait 601240"},
    };
    for (const auto& row : rows) {
        ToolDriver driver;
        std::string body = needing({{"c1", "there"}});
        body.insert(1, R"("expires_at":)" + std::string(row.expiresAt) + ",");
        driver.step(1240, ok(body));
        EXPECT_EQ(nameOf(driver.step(1240, Timer{})),
                  std::string("REQUIRES_ACTION AwaitOutputs ") + row.expected + " !")
            << row.expiresAt;
    }
}

TEST(Tools, OfBothAreCalledHereFirst) {
    ToolDriver driver;
    driver.need(1240, {{"c1", "there"}, {"c2", "here"}, {"c3", "there"}, {"c4", "here", "x"}});
    EXPECT_EQ(nameOf(driver.last), "RUNNING CallTools call here");
    driver.step(1300, outputs({{"c2", "two"}}));
    EXPECT_EQ(nameOf(driver.last), "REQUIRES_ACTION AwaitOutputs wait 601300 !");
    const std::string& action = driver.last.visible->requiredAction;
    EXPECT_EQ(action.find("\"c2\""), std::string::npos);
    EXPECT_EQ(action.find("\"c4\""), std::string::npos);
    play(driver, {{1400, outputs({{"c3", "three"}, {"c1", "one"}}), kSubmit + " !"}});
    const std::string body = driver.submitted();
    EXPECT_LT(body.find(R"("c1","output":"one")"), body.find(R"("c2","output":"two")"));
    EXPECT_LT(body.find(R"("c2","output":"two")"), body.find(R"("c3","output":"three")"));
    EXPECT_LT(body.find(R"("c3","output":"three")"), body.find(R"("c4","output":"{)"));
}

TEST(Tools, OfTheClientDoNotTakeTheRunsTime) {
    ToolDriver driver;
    driver.need(10'000, {{"c1", "there"}});  // 80 s are left
    EXPECT_EQ(driver.record.deadline, kStart + 610'000);
    driver.step(500'000, outputs({{"c1", "done"}}));
    EXPECT_EQ(driver.record.deadline, kStart + 580'000);
    play(driver, {{580'000, ok(kQueued), "FAILED " + kCancelCall + " !"}});
    EXPECT_EQ(driver.error().name, "RunTimeout");
}

TEST(Tools, OfTheClientExpire) {
    for (const Event& late :
         {Event(Timer{}), Event(Resume{}), Event(Cancel{}), Event(outputs({{"c1", "done"}}))}) {
        ToolDriver driver;
        driver.need(1240, {{"c1", "there"}});
        play(driver, {{601'240, late, "FAILED " + kCancelCall + " !"}});
        EXPECT_EQ(driver.error().name, "ActionExpired");
        EXPECT_EQ(driver.error().message, "no tool outputs came in time");
        EXPECT_EQ(driver.error().statusCode, 504);
        EXPECT_EQ(driver.record.deadline, kStart + 631'240);
        play(driver, {{601'250, ok("{}"), "FAILED " + kDelete}});
    }
}

TEST(Tools, OfTheClientFitOnlyIfTheyAreTheOnesThatItHasToCall) {
    const std::string work = R"({"calls":[{"id":"c1","name":"f","arguments":"{}"},)"
                             R"({"id":"c2","name":"f","arguments":"{}","output":"two"},)"
                             R"({"id":"c3","name":"f","arguments":"{}"}]})";
    const ToolOutput one{"c1", "1"};
    const ToolOutput two{"c2", "2"};
    const ToolOutput three{"c3", "3"};
    EXPECT_TRUE(outputsFit(work, {{one, three}}));
    EXPECT_TRUE(outputsFit(work, {{three, one}}));
    EXPECT_FALSE(outputsFit(work, {{}}));
    EXPECT_FALSE(outputsFit(work, {{one}}));
    EXPECT_FALSE(outputsFit(work, {{one, one}}));
    EXPECT_FALSE(outputsFit(work, {{one, three, three}}));
    EXPECT_FALSE(outputsFit(work, {{one, three, {"c4", ""}}}));
    EXPECT_FALSE(outputsFit(work, {{one, two, three}}));
    for (const char* nothing : {"", "{}", "[]", "x", R"({"calls":7})"}) {
        EXPECT_FALSE(outputsFit(nothing, {{one, three}})) << nothing;
        EXPECT_FALSE(outputsFit(nothing, {{}})) << nothing;
    }
}

TEST(Tools, KeepTheFirstOutputOfACall) {
    ToolDriver driver;
    driver.need(1240, {{"c1", "here"}, {"c2", "there"}});
    driver.step(1250, outputs({{"c1", "first"}, {"c1", "second"}, {"c9", "stranger"}}));
    driver.step(1260, outputs({{"c1", "third"}, {"c2", "two"}}));
    EXPECT_EQ(driver.submitted(), R"({"tool_outputs":[{"tool_call_id":"c1","output":"first"},)"
                                  R"({"tool_call_id":"c2","output":"two"}]})");
}

// --- submitting ---

/// To where the outputs of "c1" were just submitted, at 1,300 ms.
struct SubmittedDriver : ToolDriver {
    SubmittedDriver() {
        need(1240, {{"c1", "here"}});
        EXPECT_EQ(nameOf(step(1300, outputs({{"c1", "done"}}))), kSubmit);
    }

    const std::string same = needing({{"c1", "here"}});
};

TEST(ToolsSubmit, AsksTheRunWhenTheOutcomeIsUnknown) {
    for (const Event& event : {Event(kUnknown), Event(kTooLarge), Event(answer(500, "")),
                               Event(ok("<html>")), Event(ok("{}")), Event(Resume{})}) {
        SubmittedDriver goes;
        play(goes, {{1310, event, kPoll}, {1320, ok(kInProgress), "RUNNING PollRun wait 2510"}});
        EXPECT_EQ(goes.record.toolRounds, 1);

        SubmittedDriver waits;
        const std::string body = waits.call().body;
        play(waits, {{1310, event, kPoll},
                     {1320, ok(waits.same), "RUNNING SubmitOutputs wait 1820"},
                     {1820, Timer{}, kSubmit}});
        EXPECT_EQ(waits.submitted(), body);
        EXPECT_EQ(waits.record.toolRounds, 1) << "the tools are not called again";
        play(waits, {{1830, ok(kQueued), "RUNNING PollRun wait 3030"}});
    }
}

TEST(ToolsSubmit, TriesFourTimesAtGrowingPausesWhateverTheRunSays) {
    SubmittedDriver driver;
    std::uint64_t at = 1310;
    for (const std::uint64_t pause : {500, 1000, 2000}) {
        play(driver,
             {{at, kUnknown, kPoll},
              {at, ok(driver.same), "RUNNING SubmitOutputs wait " + std::to_string(at + pause)},
              {at + pause, Timer{}, kSubmit}});
        at += pause;
    }
    play(driver, {{at, kUnknown, kPoll}, {at, ok(driver.same), "FAILED " + kCancelCall + " !"}});
    EXPECT_EQ(driver.error().name, "ProviderUnavailable");
    EXPECT_EQ(driver.error().message, "the tool outputs could not be submitted (4 tries)");
    EXPECT_FALSE(driver.last.mayFallBack);
}

TEST(ToolsSubmit, TriesFourTimesEvenIfEachIsAcceptedAndForgotten) {
    SubmittedDriver driver;
    std::uint64_t at = 1310;
    int tries = 1;
    while (!isFinal(driver.record.status) && tries < 100) {
        driver.step(at, ok(kQueued));
        at += 1200;
        driver.step(at, Timer{});
        driver.step(at, ok(driver.same));
        if (driver.record.phase == Phase::SubmitOutputs) {
            at += 2000;
            driver.step(at, Timer{});
            ++tries;
        }
    }
    EXPECT_EQ(tries, 4);
}

TEST(ToolsSubmit, TriesARefusedSubmissionAgain) {
    for (const Event& event : {Event(kNotSent), Event(answer(429, "")), Event(answer(409, ""))}) {
        SubmittedDriver driver;
        play(driver, {{1310, event, "RUNNING SubmitOutputs wait 1810"},
                      {1400, Resume{}, "RUNNING SubmitOutputs wait 1810"},
                      {1810, Timer{}, kSubmit},
                      {1820, event, "RUNNING SubmitOutputs wait 2820"},
                      {2820, Timer{}, kSubmit},
                      {2830, event, "RUNNING SubmitOutputs wait 4830"},
                      {4830, Timer{}, kSubmit},
                      {4840, event, "FAILED " + kCancelCall + " !"}});
        EXPECT_FALSE(driver.last.mayFallBack);
    }
}

TEST(ToolsSubmit, FailsWhereTheOutputsAreRefusedForGood) {
    for (const int status : {400, 401, 404, 413}) {
        SubmittedDriver driver;
        play(driver, {{1310, answer(status, ""), "FAILED " + kCancelCall + " !"}});
        EXPECT_EQ(driver.error().name, "ProviderError");
        EXPECT_FALSE(driver.last.mayFallBack);
    }
}

TEST(ToolsSubmit, TakesARefusalForASignThatAnEarlierTryCameThrough) {
    SubmittedDriver driver;
    play(driver, {{1310, kUnknown, kPoll},
                  {1320, ok(driver.same), "RUNNING SubmitOutputs wait 1820"},
                  {1820, Timer{}, kSubmit},
                  {1830, answer(400, ""), kPoll},
                  {1840, ok(kInProgress), "RUNNING PollRun wait 3030"}});
}

TEST(ToolsSubmit, GoesOnWithTheNextRoundThatTheRunWantsMeanwhile) {
    SubmittedDriver driver;
    const std::string next = needing({{"c2", "here"}});
    play(driver, {{1310, kUnknown, kPoll},
                  {1320, ok(next), "RUNNING CallTools wait 1320"},
                  {1320, Timer{}, "RUNNING CallTools call here"}});
    EXPECT_EQ(driver.record.toolRounds, 2);
    EXPECT_EQ(std::get<ToolCalls>(driver.last.command).calls[0].id, "c2");
}

TEST(ToolsSubmit, ReadsARunThatIsOverAtOnce) {
    SubmittedDriver driver;
    play(driver, {{1310, ok(kCompleted), std::string("RUNNING ListMessages GET ") + kAnswerPage}});
}

// --- ends ---

TEST(Tools, AreNotCalledOnWhenTheJobIsCancelled) {
    ToolDriver calling;
    calling.need(1240, {{"c1", "here"}});
    play(calling, {{1250, Cancel{}, "CANCELLED " + kCancelCall + " !"},
                   {1260, outputs({{"c1", "done"}}), "CANCELLED " + kCancelCall},
                   {1270, ok("{}"), "CANCELLED " + kDelete}});

    ToolDriver due;
    const std::string body = needing({{"c1", "here"}});
    due.step(1240, ok(body));
    play(due, {{1250, Cancel{}, "CANCELLED " + kCancelCall + " !"}});

    ToolDriver waiting;
    waiting.need(1240, {{"c1", "there"}});
    play(waiting, {{300'000, Cancel{}, "CANCELLED " + kCancelCall + " !"},
                   {300'010, outputs({{"c1", "done"}}), "CANCELLED " + kCancelCall}});
    EXPECT_EQ(waiting.record.deadline, kStart + 330'000);

    SubmittedDriver submitting;
    play(submitting, {{1310, Cancel{}, "CANCELLED " + kCancelCall + " !"}});
}

TEST(Tools, AreCalledAgainByWhoeverTakesTheJobOver) {
    ToolDriver driver;
    driver.need(1240, {{"c1", "here"}, {"c2", "there"}});
    play(driver, {{2000, Resume{}, "RUNNING CallTools call here"}});
    driver.step(2010, outputs({{"c1", "done"}}));
    play(driver, {{2020, Resume{}, "REQUIRES_ACTION AwaitOutputs wait 602010"}});
}

TEST(Tools, EndWithTheRunsTime) {
    ToolDriver driver;
    driver.need(1240, {{"c1", "here"}});
    play(driver, {{90'000, outputs({{"c1", "late"}}), "FAILED " + kCancelCall + " !"}});
    EXPECT_EQ(driver.error().name, "RunTimeout");
}

TEST(Tools, EndAJobThatHasNoRoomForThem) {
    ToolDriver driver;
    const std::string body = needing({{"c1", "here"}});
    const Record before = driver.record;
    driver.step(1240, ok(body));
    driver.record = before;
    driver.work.clear();
    play(driver, {{1240, NoRoom{}, "FAILED " + kCancelCall + " !"}});
    EXPECT_EQ(driver.error().name, "ZoneFull");
    EXPECT_EQ(driver.error().statusCode, 503);
}

TEST(Tools, AreNoneWhereTheRunNeedsActionAndNamesNoCallThatMakesSense) {
    for (const std::string& list :
         {std::string("[]"),
          std::string(R"([{"id":"../x","function":{"name":"f","arguments":""}}])"),
          std::string(R"([{"id":"c1","function":{"name":"","arguments":""}}])"),
          std::string(R"([{"id":"c1","function":{"name":"f"}}])"),
          std::string(R"([{"id":"c1","function":{"name":"f","arguments":""}},)"
                      R"({"id":"c1","function":{"name":"f","arguments":""}}])")}) {
        ToolDriver driver;
        const std::string body = R"({"id":"run_1","status":"requires_action","required_action":)"
                                 R"({"submit_tool_outputs":{"tool_calls":)" +
                                 list + "}}}";
        play(driver, {{1240, ok(body), "RUNNING PollRun wait 1740"}});
    }
}

}  // namespace
}  // namespace edgerun::run::test
