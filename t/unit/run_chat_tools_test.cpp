#include "run_chat_driver.h"

/// Rounds of function tools in chat completions.
namespace edgerun::run::test {
namespace {

struct Tools {
    Assistant assistant = describedAssistant();
    Driver driver{chatMachine()};

    Tools() { driver.described = &assistant; }
};

constexpr std::string_view kAddOnly =
    R"({"id":"chatcmpl-0","choices":[{"message":{"content":"Let me see.","tool_calls":[)"
    R"({"id":"call_a","type":"function","function":{"name":"add","arguments":"{\"a\":1}"}}]},)"
    R"("finish_reason":"stop"}],"usage":{"prompt_tokens":3}})";

TEST(ChatMachineTools, GivesTheModelWhatItsFunctionsSaid) {
    Tools tools;
    Driver& driver = tools.driver;
    play(driver, {{0, Resume{}, kFirstSent},
                  {10, ok(kAddOnly), "RUNNING CallTools wait 10"},
                  {10, Timer{}, "RUNNING CallTools call add"},
                  {20, outputs({{"call_a", "\"2\""}}), kSent}});
    EXPECT_NE(driver.call().body.find(
                  R"("messages":[{"role":"user","content":"What is \"it\"?"},)"
                  R"({"role":"assistant","content":"Let me see.","tool_calls":[{"id":"call_a",)"
                  R"("type":"function","function":{"name":"add","arguments":"{\"a\":1}"}}]},)"
                  R"({"role":"tool","tool_call_id":"call_a","content":"\"2\""}],"tools":)"),
              std::string::npos)
        << driver.call().body;
    play(driver, {{30, ok(kSaid), "COMPLETED Done finished !"}});
    EXPECT_EQ(driver.last.visible->answer, "42");
    EXPECT_EQ(driver.last.visible->steps,
              R"([{"type":"message","id":"chatcmpl-0"},)"
              R"({"type":"function","id":"call_a","name":"add","arguments":"{\"a\":1}",)"
              R"("output":"\"2\""},{"type":"message","id":"chatcmpl-1"}])");
    EXPECT_EQ(driver.record.runId.view(), "chatcmpl-0");
    EXPECT_EQ(driver.record.usage.prompt, 10);
    EXPECT_EQ(driver.record.usage.completion, 5);
    EXPECT_EQ(driver.record.usage.total, 12);
}

TEST(ChatMachineTools, AsksTheClientForWhatItDoesNotCallItself) {
    Tools tools;
    Driver& driver = tools.driver;
    play(driver, {{0, Resume{}, kFirstSent},
                  {10, ok(kCalling), "RUNNING CallTools wait 10"},
                  {10, Timer{}, "RUNNING CallTools call add"},
                  {20, outputs({{"call_a", "2"}}), "REQUIRES_ACTION AwaitOutputs wait 600020 !"}});
    EXPECT_NE(driver.last.visible->requiredAction.find(R"([{"id":"call_b","name":"ask")"),
              std::string::npos);
    const ToolOutputs answer = outputs({{"call_b", "no"}});
    ASSERT_TRUE(outputsFit(driver.work, answer));
    play(driver, {{5'000, ok(kSaid), "REQUIRES_ACTION AwaitOutputs wait 600020"},
                  {9'000, answer, kFirstSent}});
    EXPECT_EQ(driver.call().timeout, 89'980U) << "the time of the run stood still";
    EXPECT_NE(driver.call().body.find(R"({"role":"assistant","content":null,"tool_calls":[)"),
              std::string::npos);
    EXPECT_NE(driver.call().body.find(R"({"role":"tool","tool_call_id":"call_a","content":"2"},)"
                                      R"({"role":"tool","tool_call_id":"call_b","content":"no"}])"),
              std::string::npos);
}

TEST(ChatMachineTools, ShowsNoMessageWhereTheModelOnlyCallsFunctions) {
    Tools tools;
    Driver& driver = tools.driver;
    begin(driver);
    driver.step(10, ok(kCalling));
    driver.step(20, Cancel{});
    EXPECT_EQ(driver.last.visible->steps.rfind(R"([{"type":"function","id":"call_a")", 0), 0U);
}

TEST(ChatMachineTools, ShowsTheCallsOfAJobThatEndsBeforeTheyHaveOutputs) {
    Tools tools;
    Driver& driver = tools.driver;
    begin(driver);
    driver.step(10, ok(kAddOnly));
    driver.step(10, Timer{});
    play(driver, {{20, Cancel{}, "CANCELLED Done finished !"}});
    EXPECT_EQ(driver.last.visible->steps,
              R"([{"type":"message","id":"chatcmpl-0"},)"
              R"({"type":"function","id":"call_a","name":"add","arguments":"{\"a\":1}"}])");
}

TEST(ChatMachineTools, KeepsEachRoundApart) {
    Tools tools;
    Driver& driver = tools.driver;
    begin(driver);
    for (std::uint64_t at = 0; at < 300; at += 100) {
        driver.step(at + 10, ok(kAddOnly));
        driver.step(at + 20, Timer{});
        driver.step(at + 30, outputs({{"call_a", std::to_string(at)}}));
        ASSERT_EQ(nameOf(driver.last), kSent);
        EXPECT_EQ(driver.record.rounds, 1U) << "each round has its own tries";
    }
    std::size_t from = 0;
    for (const char* output : {"\"0\"", "\"100\"", "\"200\""}) {
        from = driver.call().body.find(std::string("\"content\":") + output, from);
        ASSERT_NE(from, std::string::npos) << output;
    }
    EXPECT_EQ(driver.record.toolRounds, 3U);
}

TEST(ChatMachineTools, EndsAtTheAssistantsNumberOfRounds) {
    Tools tools;
    tools.assistant.maxToolRounds = 1;
    Driver& driver = tools.driver;
    begin(driver);
    driver.step(10, ok(kAddOnly));
    driver.step(10, Timer{});
    driver.step(20, outputs({{"call_a", "2"}}));
    driver.step(30, ok(kAddOnly));
    play(driver, {{30, Timer{}, "FAILED Done finished !"}});
    EXPECT_EQ(driver.error().name, "TooManyToolRounds");
    EXPECT_FALSE(driver.last.mayFallBack);
}

TEST(ChatMachineTools, TellsTheModelOfACallThatNobodyCanMake) {
    constexpr std::string_view body =
        R"({"choices":[{"message":{"tool_calls":[)"
        R"({"id":"call_a","function":{"name":"none","arguments":"{}"}},)"
        R"({"id":"call_b","function":{"name":"add","arguments":"{\"a\":"}},)"
        R"({"id":"call_c","function":{"name":"add","arguments":"7"}}]}}]})";
    Tools tools;
    Driver& driver = tools.driver;
    begin(driver);
    driver.step(10, ok(body));
    play(driver, {{10, Timer{}, kSent}});
    const std::string& sent = driver.call().body;
    EXPECT_NE(sent.find(R"("tool_call_id":"call_a","content":"{\"error\":\"there is no such)"),
              std::string::npos);
    EXPECT_NE(sent.find(R"("tool_call_id":"call_b","content":"{\"error\":\"the arguments are not)"),
              std::string::npos);
    EXPECT_NE(sent.find(R"({"id":"call_b","type":"function","function":)"
                        R"({"name":"add","arguments":"{}"}})"),
              std::string::npos)
        << "servers parse the arguments of past calls: " << sent;
    driver.step(20, ok(kSaid));
    EXPECT_NE(
        driver.last.visible->steps.find(R"("id":"call_b","name":"add","arguments":"{\"a\":")"),
        std::string::npos)
        << "clients see what the model wrote";
}

struct CallRow {
    const char* calls;
    const char* read;  ///< "id name arguments, ..."; null: the job fails
};

TEST(ChatMachineTools, ReadsCallsAsServersWriteThem) {
    const CallRow rows[] = {
        {R"([{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}])", "c f {}"},
        {R"([{"function":{"name":"f","arguments":"{}"}}])", "call_1_1 f {}"},
        {R"([{"id":"","function":{"name":"f","arguments":"{}"}}])", "call_1_1 f {}"},
        {R"([{"id":null,"function":{"name":"f","arguments":"{}"}}])", "call_1_1 f {}"},
        {R"([{"id":"a b","function":{"name":"f","arguments":"{}"}}])", "call_1_1 f {}"},
        {R"([{"id":7,"function":{"name":"f","arguments":"{}"}},)"
         R"({"id":8,"function":{"name":"f","arguments":"{}"}}])",
         "call_1_1 f {}, call_1_2 f {}"},
        {R"([{"id":"c","function":{"name":"f","arguments":"{}"}},)"
         R"({"id":"c","function":{"name":"g","arguments":"{}"}}])",
         "c f {}, call_1_2 g {}"},
        {R"([{"id":"c","function":{"name":"f","arguments":{"a":[1,"x"]}}}])",
         R"(c f {"a":[1,"x"]})"},
        {R"([{"id":"c","function":{"name":"f","arguments":""}}])", "c f {}"},
        {R"([{"id":"c","function":{"name":"f","arguments":null}}])", "c f {}"},
        {R"([{"id":"c","function":{"name":"f"}}])", "c f {}"},
        {R"([{"id":"c","function":{"name":"f","arguments":7}}])", nullptr},
        {R"([{"id":"c","function":{"name":"f","arguments":["x"]}}])", nullptr},
        {R"([{"id":"c","function":{"name":""}}])", nullptr},
        {R"([{"id":"c","function":{"name":7}}])", nullptr},
        {R"([{"id":"c","function":{}}])", nullptr},
        {R"([{"id":"c"}])", nullptr},
        {"[null]", nullptr},
        {R"(["x"])", nullptr},
        {R"([{"id":"call_1_2","function":{"name":"f"}},{"function":{"name":"f"}}])", nullptr},
    };
    for (const CallRow& row : rows) {
        SCOPED_TRACE(row.calls);
        Driver driver(chatMachine());
        begin(driver);
        driver.step(10, ok(completion(R"({"tool_calls":)" + std::string(row.calls) + "}")));
        if (row.read == nullptr) {
            EXPECT_EQ(nameOf(driver.last), "FAILED Done finished !");
            EXPECT_EQ(driver.error().name, "ProviderError");
            continue;
        }
        std::string read;
        for (const FunctionCall& call : roundOf(Work(driver.work)).calls) {
            read += (read.empty() ? "" : ", ") + call.id + " " + call.name + " " + call.arguments;
        }
        EXPECT_EQ(read, row.read);
    }
}

TEST(ChatMachineTools, RefusesMoreCallsThanAModelShouldMake) {
    for (const std::size_t count : {kMostCalls, kMostCalls + 1}) {
        std::string calls;
        for (std::size_t i = 0; i < count; ++i) {
            calls += (i > 0 ? "," : "") + std::string(R"({"function":{"name":"f"}})");
        }
        Driver driver(chatMachine());
        begin(driver);
        driver.step(10, ok(completion(R"({"tool_calls":[)" + calls + "]}")));
        EXPECT_EQ(driver.record.phase, count > kMostCalls ? Phase::Done : Phase::CallTools);
    }
    Driver driver(chatMachine());
    begin(driver);
    const std::string body = completion(R"({"tool_calls":[{"function":{"name":"f","arguments":")" +
                                        std::string(kMostCallBytes, 'x') + R"("}}]})");
    driver.step(10, ok(body));
    EXPECT_EQ(driver.record.status, JobStatus::Failed);
}

TEST(ChatMachineTools, AnswersWithTheLastTextWhereTheModelEndsWithoutAny) {
    Tools tools;
    Driver& driver = tools.driver;
    begin(driver);
    driver.step(10, ok(kAddOnly));
    driver.step(10, Timer{});
    driver.step(20, outputs({{"call_a", "2"}}));
    play(driver, {{30, ok(completion(R"({"content":""})")), "COMPLETED Done finished !"}});
    EXPECT_EQ(driver.last.visible->answer, "Let me see.");
}

TEST(ChatMachineTools, CountsNoMoreTokensThanANumberHolds) {
    constexpr std::string_view most =
        R"({"choices":[{"message":{"tool_calls":[{"id":"call_a","function":{"name":"add"}}]}}],)"
        R"("usage":{"prompt_tokens":9223372036854775807,"completion_tokens":-5,)"
        R"("total_tokens":"7"}})";
    Tools tools;
    Driver& driver = tools.driver;
    begin(driver);
    driver.step(10, ok(most));
    driver.step(10, Timer{});
    driver.step(20, outputs({{"call_a", "2"}}));
    driver.step(30, ok(kSaid));
    EXPECT_EQ(driver.record.usage.prompt, INT64_MAX);
    EXPECT_EQ(driver.record.usage.completion, 5);
    EXPECT_EQ(driver.record.usage.total, 12);
}

}  // namespace
}  // namespace edgerun::run::test
