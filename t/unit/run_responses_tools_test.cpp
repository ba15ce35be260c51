#include "run_responses_driver.h"

/// Rounds of function tools in the Responses machine.
namespace edgerun::run::test::responses {
namespace {

TEST(ResponsesTools, GoRoundAndTheNextResponseHasTheirOutputs) {
    ToolDriver tools;
    Driver& driver = tools.atPoll();
    play(driver, {{1230, ok(kTwoCalls), "RUNNING CallTools wait 1230"},
                  {1230, Timer{}, "RUNNING CallTools call here"},
                  {1240, kHere, kAwait + "601240 !"}});
    EXPECT_EQ(driver.last.visible->requiredAction,
              R"({"type":"submit_tool_outputs","toolCalls":[{"id":"call_2","name":"there",)"
              R"("arguments":"{\"x\":1}"}],"expiresAt":"2023-11-14T22:23:21.240Z"})");
    play(driver, {{2240, kThere, "RUNNING " + kCreate + " !"}});
    EXPECT_NE(driver.call().body.find(R"("input":)" + kOutputs), std::string::npos);
    EXPECT_NE(driver.call().body.find(R"("conversation":"conv_1")"), std::string::npos);
    EXPECT_NE(driver.call().body.find(R"("instructions":"Help.")"), std::string::npos);
    EXPECT_NE(driver.call().body.find(R"("tools":[)"), std::string::npos);
    EXPECT_EQ(driver.call().body.find("previous_response_id"), std::string::npos);
    play(driver, {{2260, ok(kSecondQueued), "RUNNING PollRun wait 3460 !"},
                  {3460, Timer{}, "RUNNING " + kPollSecond},
                  {3470, ok(kSecond), "COMPLETED " + kDeleteRun + " !"}});
    EXPECT_EQ(driver.last.visible->answer, "42");
    EXPECT_EQ(driver.last.visible->steps,
              R"([{"type":"message","id":"msg_2"},)"
              R"({"type":"function","id":"call_1","name":"here","arguments":"{}","output":"1"},)"
              R"({"type":"function","id":"call_2","name":"there","arguments":"{\"x\":1}",)"
              R"("output":"2"},{"type":"message","id":"msg_2"}])");
    EXPECT_EQ(driver.record.usage.prompt, 14);
    EXPECT_EQ(driver.record.usage.completion, 10);
    EXPECT_EQ(driver.record.usage.total, 24);
    EXPECT_EQ(driver.record.startedWall, kStartWall + 20);
    play(driver, {{3480, ok("{}"), "COMPLETED DeleteRun DELETE /responses/resp_2"},
                  {3490, ok("{}"), "COMPLETED " + kDeleteThread},
                  {3500, ok("{}"), "COMPLETED Done finished"}});
}

TEST(ResponsesTools, GoOnAfterTheResponseBeforeWhereThereAreNoConversations) {
    ToolDriver tools;
    tools.driver.settings.hasConversations = false;
    Driver& driver = tools.driver;
    driver.step(0, Resume{});
    driver.step(10, ok(kQueued));
    driver.step(1210, Timer{});
    play(driver, {{1220, ok(kOneCall), "RUNNING CallTools wait 1220"},
                  {1220, Timer{}, "RUNNING CallTools call here"},
                  {1230, kHere, "RUNNING " + kCreate}});
    EXPECT_NE(driver.call().body.find(R"("previous_response_id":"resp_1")"), std::string::npos);
    EXPECT_EQ(driver.call().body.find(R"("conversation")"), std::string::npos);
    play(driver, {{1240, ok(kSecond), "COMPLETED " + kDeleteRun + " !"},
                  {1250, ok("{}"), "COMPLETED DeleteRun DELETE /responses/resp_2"},
                  {1260, ok("{}"), "COMPLETED Done finished"}});
}

TEST(ResponsesTools, AreNotLastWhereTheThreadGoesOn) {
    ToolDriver tools(kKeepForever);
    tools.driver.settings.hasConversations = false;
    Driver& driver = tools.driver;
    driver.step(0, Resume{});
    driver.step(10, ok(kOneCall));
    driver.step(10, Timer{});
    driver.step(20, kHere);
    play(driver, {{30, ok(kSecondQueued), "RUNNING PollRun wait 1230 !"},
                  {500, Cancel{}, "CANCELLED CancelRun POST /responses/resp_2/cancel !"},
                  {510, ok("{}"), "CANCELLED Done finished"}});
    EXPECT_EQ(driver.work, R"({"responses":["resp_1","resp_2"]})");
}

TEST(ResponsesTools, AreHeldCallsWhereNothingRunsInBackground) {
    ToolDriver tools;
    tools.driver.settings.runsInBackground = false;
    Driver& driver = tools.driver;
    play(driver, {{0, Resume{}, "PENDING " + kCreateThread},
                  {10, ok(kConversation), "RUNNING " + kCreate + " !"},
                  {20, ok(kOneCall), "RUNNING CallTools wait 20 !"},
                  {20, Timer{}, "RUNNING CallTools call here"},
                  {30, kHere, "RUNNING " + kCreate}});
    EXPECT_TRUE(driver.call().held);
    play(driver, {{40, ok(kSecond), "COMPLETED " + kDeleteRun + " !"}});
}

TEST(ResponsesTools, AreAnErrorWhereTheyMakeNoSense) {
    const std::string tooMany = [] {
        std::string calls;
        for (int i = 0; i < 129; ++i) {
            calls += (i > 0 ? "," : "") + functionCall("call_" + std::to_string(i));
        }
        return calls;
    }();
    const std::string outputs[] = {
        R"({"type":"function_call","call_id":"../x","name":"f","arguments":"{}"})",
        R"({"type":"function_call","call_id":"c","arguments":"{}"})",
        R"({"type":"function_call","name":"f","arguments":"{}"})",
        R"({"type":"function_call"})",
        functionCall("call_1") + "," + functionCall("call_1"),
        tooMany,
        functionCall("call_1", "f", std::string(200'000, 'x')),
    };
    for (const std::string& output : outputs) {
        Driver driver = driverOf();
        playToPoll(driver);
        driver.step(1220, Timer{});
        const std::string body = response("completed", output);
        play(driver, {{1230, ok(body), "FAILED " + kDeleteRun + " !"}});
        EXPECT_EQ(driver.error().message,
                  "the model called functions in a way that makes no sense");
    }
}

TEST(ResponsesTools, AreLimited) {
    ToolDriver tools;
    tools.assistant.maxToolRounds = 0;
    Driver& driver = tools.atPoll();
    play(driver, {{1230, ok(kOneCall), "RUNNING CallTools wait 1230"},
                  {1230, Timer{}, "FAILED " + kDeleteRun + " !"}});
    EXPECT_EQ(driver.error().name, "TooManyToolRounds");
}

TEST(ResponsesTools, OfAnIncompleteResponseAreNotCalled) {
    ToolDriver tools;
    Driver& driver = tools.atPoll();
    const std::string body =
        response("incomplete", message("So far.") + "," + functionCall("call_1", "here"));
    play(driver, {{1230, ok(body), "COMPLETED " + kDeleteRun + " !"}});
    EXPECT_EQ(driver.last.visible->answer, "So far.");
}

TEST(ResponsesTools, AreSubmittedOnceThoughNobodyKnowsWhetherTheyWere) {
    ToolDriver tools;
    Driver& driver = tools.atAwait();
    const std::string notYet = page(functionCall("call_2") + "," + functionCall("call_1") + "," +
                                    message("Let me see.") + "," + userMessage("x"));
    const std::string done =
        page(message("42") + "," + functionOutput("call_2") + "," + functionOutput("call_1") + "," +
             functionCall("call_2") + "," + functionCall("call_1") + "," + userMessage("x"));
    play(driver, {{2240, kThere, "RUNNING " + kCreate + " !"},
                  {2250, kUnknown, "RUNNING FindRun wait 4250"},
                  {4250, Timer{}, "RUNNING " + kLook},
                  {4260, ok(notYet), "RUNNING CreateRun wait 4260"},
                  {4260, Timer{}, "RUNNING " + kCreate},
                  {4270, answer(400, kLocked), "RUNNING FindRun wait 5270"},
                  {5270, Timer{}, "RUNNING " + kLook},
                  {5280, ok(done), "COMPLETED " + kDeleteRun + " !"}});
    EXPECT_EQ(driver.last.visible->answer, "42");
    EXPECT_EQ(driver.last.visible->steps,
              R"([{"type":"message","id":"msg_2"},)"
              R"({"type":"function","id":"call_1","name":"here","arguments":"{}","output":"1"},)"
              R"({"type":"function","id":"call_2","name":"there","arguments":"{\"x\":1}",)"
              R"("output":"2"},{"type":"message","id":"msg_2"}])");
    EXPECT_EQ(driver.record.usage.total, 12) << "the second response's is not known";
}

TEST(ResponsesTools, OfASecondRoundAreFoundInTheConversation) {
    ToolDriver tools;
    Driver& driver = tools.atAwait();
    const std::string items = page(functionCall("call_3", "here") + "," + functionOutput("call_1") +
                                   "," + functionOutput("call_2") + "," + functionCall("call_2") +
                                   "," + functionCall("call_1"));
    driver.step(2240, kThere);
    play(driver, {{2250, kUnknown, "RUNNING FindRun wait 4250"},
                  {4250, Timer{}, "RUNNING " + kLook},
                  {4260, ok(items), "RUNNING CallTools wait 4260"},
                  {4260, Timer{}, "RUNNING CallTools call here"}});
    EXPECT_EQ(std::get<ToolCalls>(driver.last.command).calls[0].id, "call_3");
}

}  // namespace
}  // namespace edgerun::run::test::responses
