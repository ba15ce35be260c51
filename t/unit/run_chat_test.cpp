#include "run_chat_driver.h"

/// The way of a job through chat completions when all goes well, and the ways in
/// which servers end an answer.
namespace edgerun::run::test {
namespace {

TEST(ChatMachine, AsksOnceAndHasTheAnswer) {
    Driver driver(chatMachine());
    play(driver, {{0, Resume{}, kFirstSent}, {900, ok(kSaid), "COMPLETED Done finished !"}});
    EXPECT_EQ(driver.last.visible->answer, "42");
    EXPECT_EQ(driver.last.visible->incompleteReason, "");
    EXPECT_EQ(driver.last.visible->steps, R"([{"type":"message","id":"chatcmpl-1"}])");
    EXPECT_EQ(driver.record.runId.view(), "chatcmpl-1");
    EXPECT_TRUE(driver.record.threadId.empty());
    EXPECT_FALSE(driver.record.keepsRequest);
    EXPECT_EQ(driver.record.usage.prompt, 7);
    EXPECT_EQ(driver.record.usage.completion, 5);
    EXPECT_EQ(driver.record.usage.total, 12);
    EXPECT_EQ(driver.record.startedWall, kStartWall);
    EXPECT_EQ(driver.record.completedWall, kStartWall + 900);
}

TEST(ChatMachine, HoldsTheCallForAllTheTimeThatTheRunHas) {
    Driver driver(chatMachine());
    begin(driver);
    EXPECT_EQ(driver.call().timeout, 90'000U);
    EXPECT_TRUE(driver.call().once);
    driver.step(10'000, kNotSent);
    driver.step(10'500, Timer{});
    EXPECT_EQ(driver.call().timeout, 79'500U);
}

TEST(ChatMachine, SendsTheQueryAloneWhereNothingElseIsSaid) {
    Driver driver(chatMachine());
    begin(driver);
    EXPECT_EQ(driver.call().body, R"({"messages":[{"role":"user","content":"What is \"it\"?"}]})");
}

TEST(ChatMachine, SendsWhatTheAssistantSays) {
    Driver driver(chatMachine());
    Assistant assistant = describedAssistant();
    assistant.instructions = "Be kind.";
    assistant.temperature = "0.5";
    assistant.responseFormat = R"({"type":"json_object"})";
    driver.described = &assistant;
    driver.settings.model = "large";
    driver.metadata = R"({"a":"b"})";
    begin(driver);
    EXPECT_EQ(driver.call().body,
              R"({"model":"small","messages":[{"role":"system","content":"Be kind."},)"
              R"({"role":"user","content":"What is \"it\"?"}],)"
              R"("tools":[{"type":"function","function":)"
              R"({"name":"add","parameters":{"type":"object"}}},)"
              R"({"type":"function","function":{"name":"ask"}}],)"
              R"("response_format":{"type":"json_object"},"temperature":0.5})");
}

TEST(ChatMachine, TakesTheProvidersModelAndLeavesOutAFormatThatOnlyAssistantsKnow) {
    Driver driver(chatMachine());
    Assistant assistant;
    assistant.responseFormat = "\"auto\"";
    driver.described = &assistant;
    driver.settings.model = "large";
    begin(driver);
    EXPECT_EQ(driver.call().body,
              R"({"model":"large","messages":[{"role":"user","content":"What is \"it\"?"}]})");
}

struct EndRow {
    const char* body;
    const char* answer;  ///< null: the job fails
    const char* reasonOrError;
};

TEST(ChatMachine, EndsAsTheAnswerDoes) {
    const EndRow rows[] = {
        {R"({"content":"Yes"},"finish_reason":"stop")", "Yes", ""},
        {R"({"content":"Yes"},"finish_reason":"length")", "Yes", "max_completion_tokens"},
        {R"({"content":"Yes"},"finish_reason":"max_tokens")", "Yes", "max_completion_tokens"},
        {R"({"content":"Yes"},"finish_reason":"content_filter")", "Yes", "content_filter"},
        {R"({"content":"Yes"},"finish_reason":"eos")", "Yes", ""},
        {R"({"content":"Yes"},"finish_reason":"tool_calls")", "Yes", ""},
        {R"({"content":"Yes","tool_calls":[],"function_call":null},"finish_reason":"stop")", "Yes",
         ""},
        {R"({"content":"Yes"},"finish_reason":null)", "Yes", ""},
        {R"({"content":"Yes"},"finish_reason":7)", "Yes", ""},
        {R"({"content":"Yes"})", "Yes", ""},
        {R"({"content":"Yes\u0000"})", "Yes\uFFFD", ""},
        {R"({"content":" "},"finish_reason":"stop")", " ", ""},
        {R"({"content":"Yes","reasoning_content":"Hm"},"finish_reason":"stop")", "Yes", ""},
        {R"({"content":null,"refusal":"No"},"finish_reason":"stop")", "No", ""},
        {R"({"content":"","refusal":"No"},"finish_reason":"content_filter")", "No",
         "content_filter"},
        {R"({"content":[{"type":"thinking","thinking":"Hm"},{"type":"text","text":"Y"},7,null,)"
         R"({"type":"image_url","text":"x"},{"type":"text","text":"es"},{"type":"text"},)"
         R"({"type":"refusal","refusal":"!"}]},"finish_reason":"stop")",
         "Yes!", ""},
        {R"({"content":null},"finish_reason":"stop")", nullptr,
         "ProviderError the run ended with no answer"},
        {R"({"content":""},"finish_reason":"stop")", nullptr,
         "ProviderError the run ended with no answer"},
        {R"({"content":[]},"finish_reason":"stop")", nullptr,
         "ProviderError the run ended with no answer"},
        {R"({"content":7,"refusal":[]})", nullptr, "ProviderError the run ended with no answer"},
        {R"({"content":null,"reasoning_content":"Hm"},"finish_reason":"length")", nullptr,
         "ProviderError the run ended with no answer (incomplete: max_completion_tokens)"},
        {R"({"content":null},"finish_reason":"content_filter")", nullptr,
         "ProviderError the run ended with no answer (incomplete: content_filter)"},
        {R"({"content":"Yes","function_call":{"name":"f","arguments":""}})", nullptr,
         "ProviderError the provider calls functions by function_call, which tool_calls have "
         "replaced"},
        {R"({"content":null},"finish_reason":"function_call")", nullptr,
         "ProviderError the provider calls functions by function_call, which tool_calls have "
         "replaced"},
        {R"({"content":"Ye"},"finish_reason":"error","error":{"code":502,"message":"Gone sk-1\n"})",
         nullptr, "RunFailed the run failed: Gone [hidden] "},
        {R"({"content":"Ye"},"finish_reason":"error")", nullptr, "RunFailed the run failed"},
    };
    for (const EndRow& row : rows) {
        SCOPED_TRACE(row.body);
        Driver driver(chatMachine());
        begin(driver);
        driver.step(10, ok(R"({"choices":[{"message":)" + std::string(row.body) + "}]}"));
        ASSERT_EQ(driver.record.phase, Phase::Done);
        if (row.answer != nullptr) {
            EXPECT_EQ(driver.record.status, JobStatus::Completed);
            EXPECT_EQ(driver.last.visible->answer, row.answer);
            EXPECT_EQ(driver.last.visible->incompleteReason, row.reasonOrError);
            EXPECT_EQ(driver.record.incompleteReason.view(), row.reasonOrError);
        } else {
            EXPECT_EQ(driver.record.status, JobStatus::Failed);
            EXPECT_EQ(driver.error().name + " " + driver.error().message, row.reasonOrError);
            EXPECT_EQ(driver.error().statusCode, 502);
            EXPECT_FALSE(driver.last.mayFallBack) << "it was carried out";
        }
    }
}

TEST(ChatMachine, NeedsNeitherUsageNorAUsableId) {
    Driver driver(chatMachine());
    begin(driver);
    driver.step(10, ok(R"({"id":"a/b","choices":[{"message":{"content":"Yes"}}],"usage":null})"));
    EXPECT_EQ(driver.record.status, JobStatus::Completed);
    EXPECT_TRUE(driver.record.runId.empty());
    EXPECT_EQ(driver.record.usage.prompt, -1);
    EXPECT_EQ(driver.record.usage.total, -1);
    EXPECT_EQ(driver.last.visible->steps, R"([{"type":"message"}])");
}

TEST(ChatMachine, AddsUpTheTokensWhereTheServerDoesNot) {
    Driver driver(chatMachine());
    begin(driver);
    driver.step(10, ok(R"({"choices":[{"message":{"content":"Yes"}}],)"
                       R"("usage":{"prompt_tokens":7,"completion_tokens":5}})"));
    EXPECT_EQ(driver.record.usage.total, 12);
}

TEST(ChatMachine, NeedsTheRequestAsLongAsTheJobLives) {
    Record record;
    for (int phase = 0; phase <= static_cast<int>(kLastPhase); ++phase) {
        record.phase = static_cast<Phase>(phase);
        record.status = JobStatus::Running;
        EXPECT_TRUE(chatMachine().needsRequest(record));
        record.status = JobStatus::Completed;
        EXPECT_FALSE(chatMachine().needsRequest(record));
    }
}

TEST(ChatMachine, HasNothingToCancelAtTheProvider) {
    Driver driver(chatMachine());
    begin(driver);
    play(driver, {{10, Cancel{}, "CANCELLED Done finished !"}});
    Driver unbegun(chatMachine());
    play(unbegun,
         {{0, Cancel{}, "CANCELLED Done finished !"}, {10, Resume{}, "CANCELLED Done finished"}});
}

TEST(ChatMachine, EndsWithTheTimeOfTheRun) {
    const struct {
        std::uint64_t at;
        Event event;
    } rows[] = {
        {90'000, Timer{}},   {90'000, kUnknown}, {89'990, kUnknown},
        {90'000, ok(kSaid)}, {95'000, Resume{}},
    };
    for (const auto& row : rows) {
        Driver driver(chatMachine());
        begin(driver);
        play(driver, {{row.at, row.event, "FAILED Done finished !"}});
        EXPECT_EQ(driver.error().name, "RunTimeout");
        EXPECT_EQ(driver.error().statusCode, 504);
    }
}

TEST(ChatMachine, RefusesToolsThatOnlyOtherDialectsOffer) {
    Assistant code;
    code.hasCodeInterpreter = true;
    Assistant search;
    search.vectorStores = {"vs_1"};
    for (const Assistant* assistant : {&code, &search}) {
        Driver driver(chatMachine());
        driver.described = assistant;
        play(driver, {{0, Resume{}, "FAILED Done finished !"}});
        EXPECT_EQ(driver.error().name, "ProviderError");
        EXPECT_EQ(driver.error().message,
                  "code_interpreter and file_search are not offered by api chat");
    }
}

}  // namespace
}  // namespace edgerun::run::test
