#include <jansson.h>

#include "edgerun/text/json.h"
#include "run_responses_driver.h"

/// Responses that go their ordinary ways: requests, statuses, answers, usage, steps.
namespace edgerun::run::test::responses {
namespace {

const std::string kCompleted = completed();

/// Equal as JSON.
void expectJson(std::string_view text, std::string_view expected) {
    const text::JsonPtr value = text::parseJson(text, {text.size(), 64});
    const text::JsonPtr wanted = text::parseJson(expected, {expected.size(), 64});
    ASSERT_NE(wanted, nullptr) << expected;
    EXPECT_TRUE(json_equal(value.get(), wanted.get())) << text << "\nis not\n" << expected;
}

TEST(ResponsesMachine, GoesFromAConversationToTheAnswerAndDeletesWhatItMade) {
    Driver driver = driverOf();
    play(driver, {{0, Resume{}, "PENDING " + kCreateThread},
                  {10, ok(kConversation), "PENDING " + kCreate},
                  {20, ok(kQueued), "RUNNING PollRun wait 1220 !"},
                  {1220, Timer{}, "RUNNING " + kPoll},
                  {1230, ok(kInProgress), "RUNNING PollRun wait 2420"},
                  {2420, Timer{}, "RUNNING " + kPoll},
                  {2430, ok(kCompleted), "COMPLETED " + kDeleteRun + " !"}});
    EXPECT_EQ(driver.last.visible->answer, "42");
    EXPECT_EQ(driver.last.visible->steps, R"([{"type":"message","id":"msg_2"}])");
    EXPECT_EQ(driver.record.usage.prompt, 7);
    EXPECT_EQ(driver.record.usage.completion, 5);
    EXPECT_EQ(driver.record.usage.total, 12);
    EXPECT_EQ(driver.record.threadId.view(), "conv_1");
    EXPECT_EQ(driver.record.runId.view(), "resp_1");
    EXPECT_EQ(driver.record.startedWall, kStartWall + 20);
    EXPECT_EQ(driver.record.completedWall, kStartWall + 2430);
    play(driver, {{2440, ok("{}"), "COMPLETED " + kDeleteThread},
                  {2450, ok("{}"), "COMPLETED Done finished"}});
    EXPECT_FALSE(driver.record.keepsRequest);
}

TEST(ResponsesMachine, EndsAtOnceWhereTheProviderDoes) {
    Driver driver = driverOf();
    driver.step(0, Resume{});
    driver.step(10, ok(kConversation));
    play(driver, {{20, ok(kCompleted), "COMPLETED " + kDeleteRun + " !"}});
    EXPECT_EQ(driver.last.visible->answer, "42");
    EXPECT_EQ(driver.record.startedWall, kStartWall + 20);
}

TEST(ResponsesMachine, HoldsTheCallWhereTheProviderTakesNoBackgroundWork) {
    Driver driver = heldDriver();
    play(driver, {{0, Resume{}, "PENDING " + kCreateThread},
                  {10, ok(kConversation), "RUNNING " + kCreate + " !"}});
    EXPECT_EQ(driver.call().timeout, 90'000U - 10);
    EXPECT_TRUE(driver.call().held);
    EXPECT_EQ(driver.call().body.find("background"), std::string::npos);
    EXPECT_NE(driver.call().body.find(R"("store":true)"), std::string::npos);
    EXPECT_EQ(driver.record.startedWall, kStartWall + 10);
    play(driver, {{60'000, ok(kCompleted), "COMPLETED " + kDeleteRun + " !"}});
}

TEST(ResponsesMachine, KeepsAThreadOfItsOwnWhereThereAreNoConversations) {
    Driver driver = loneDriver();
    driver.settings.keepThreads = kKeepForever;
    play(driver, {{0, Resume{}, "PENDING " + kCreate}});
    expectJson(driver.call().body,
               R"({"model":"gpt-1","input":[{"type":"message","role":"user",)"
               R"("content":"What is \"it\"?"}],"background":true,"store":true,)"
               R"("metadata":{"edgerun_job":"job1"}})");
    play(driver, {{10, ok(kQueued), "RUNNING PollRun wait 1210 !"},
                  {1210, Timer{}, "RUNNING " + kPoll},
                  {1220, ok(kCompleted), "COMPLETED Done finished !"}});
    EXPECT_EQ(driver.record.threadId.view(), "thread_job1");
    EXPECT_TRUE(driver.record.keepsRequest);
    EXPECT_EQ(driver.work, R"({"last":"resp_1","responses":["resp_1"]})");
}

TEST(ResponsesMachine, HasNoThreadWhereNobodyKeepsOne) {
    Driver driver = loneDriver();
    driver.step(0, Resume{});
    driver.step(10, ok(kQueued));
    driver.step(1210, Timer{});
    play(driver, {{1220, ok(kCompleted), "COMPLETED " + kDeleteRun + " !"},
                  {1230, ok("{}"), "COMPLETED Done finished"}});
    EXPECT_TRUE(driver.record.threadId.empty());
    EXPECT_FALSE(driver.record.keepsRequest);
}

TEST(ResponsesMachine, ContinuesAThreadOfItsOwnAfterTheLastResponse) {
    Driver driver = loneDriver();
    driver.settings.keepThreads = kKeepForever;
    driver.threadId = "thread_job0";
    driver.memory = R"({"last":"resp_0","responses":["resp_00","resp_0"],"steps":[1]})";
    play(driver, {{0, Resume{}, "PENDING " + kCreate}});
    EXPECT_NE(driver.call().body.find(R"("previous_response_id":"resp_0")"), std::string::npos);
    play(driver, {{10, ok(kQueued), "RUNNING PollRun wait 1210 !"},
                  {1210, Timer{}, "RUNNING " + kPoll},
                  {1220, ok(kCompleted), "COMPLETED Done finished !"}});
    EXPECT_EQ(driver.work, R"({"last":"resp_1","responses":["resp_00","resp_0","resp_1"]})");
    EXPECT_EQ(driver.record.threadId.view(), "thread_job0");
}

TEST(ResponsesMachine, GoesOnAfterTheLastResponseThatSucceeded) {
    Driver driver = loneDriver();
    driver.settings.keepThreads = kKeepForever;
    driver.threadId = "thread_job0";
    driver.memory = R"({"last":"resp_0","responses":["resp_0"]})";
    driver.step(0, Resume{});
    driver.step(10, ok(kQueued));
    driver.step(1210, Timer{});
    const std::string failed = response("failed", "");
    driver.step(1220, ok(failed));
    EXPECT_EQ(driver.work, R"({"last":"resp_0","responses":["resp_0","resp_1"]})");
    Driver next = loneDriver();
    next.threadId = driver.threadId;
    next.memory = driver.work;
    next.step(0, Resume{});
    EXPECT_NE(next.call().body.find(R"("previous_response_id":"resp_0")"), std::string::npos);
}

TEST(ResponsesMachine, DoesNotBeginAThreadAnewThatIsForgotten) {
    for (const char* memory : {"", "{}", "nonsense", R"({"responses":7})"}) {
        Driver driver = loneDriver();
        driver.settings.keepThreads = 60'000;
        driver.threadId = "thread_job0";
        driver.memory = memory;
        play(driver, {{0, Resume{}, "FAILED Done finished !"}});
        EXPECT_EQ(driver.error().name, "ThreadUnknown");
        EXPECT_EQ(driver.error().statusCode, 404);
        EXPECT_TRUE(driver.record.isThreadGone);
    }
}

TEST(ResponsesMachine, ContinuesAThreadThatHasNoResponseYet) {
    Driver first = loneDriver();
    first.settings.keepThreads = kKeepForever;
    first.step(0, Resume{});
    play(first, {{10, answer(400, ""), "FAILED Done finished !"}});
    Driver driver = loneDriver();
    driver.threadId = "thread_job1";
    driver.memory = first.work;
    play(driver, {{0, Resume{}, "PENDING " + kCreate}});
    EXPECT_EQ(driver.call().body.find("previous_response_id"), std::string::npos);
}

TEST(ResponsesMachine, ContinuesAConversationAfterALookAtItsNewestItem) {
    Driver driver = driverOf();
    driver.threadId = "conv_1";
    const std::string newest = page(message("old"));
    play(driver, {{0, Resume{}, "PENDING " + kNewest}, {10, ok(newest), "PENDING " + kCreate}});
    EXPECT_EQ(driver.work, R"({"after":"msg_2"})");
    expectJson(driver.call().body,
               R"({"model":"gpt-1","input":[{"type":"message","role":"user",)"
               R"("content":"What is \"it\"?"}],"conversation":"conv_1","background":true,)"
               R"("store":true,"metadata":{"edgerun_job":"job1"}})");
    play(driver, {{20, ok(kQueued), "RUNNING PollRun wait 1220 !"},
                  {1220, Timer{}, "RUNNING " + kPoll},
                  {1230, ok(kCompleted), "COMPLETED " + kDeleteRun + " !"}});
}

TEST(ResponsesMachine, ContinuesAConversationAtOnceWhereNobodyWillLookForTheRun) {
    for (const auto guarantee : {StartGuarantee::AtMostOnce, StartGuarantee::AtLeastOnce}) {
        Driver driver = driverOf();
        driver.threadId = "conv_1";
        driver.record.guarantee = guarantee;
        play(driver, {{0, Resume{}, "PENDING " + kCreate}});
    }
}

TEST(ResponsesMachine, TellsARefusedConversationByItsRun) {
    Driver driver = driverOf();
    driver.threadId = "conv_1";
    play(driver, {{0, Resume{}, "PENDING " + kNewest},
                  {10, answer(404, ""), "PENDING " + kCreate},
                  {20, answer(404, ""), "FAILED " + kDeleteThread + " !"}});
    EXPECT_EQ(driver.error().message, "could not start the run: the provider answered 404");
}

TEST(ResponsesMachine, RefusesAMalformedThread) {
    Driver driver = driverOf();
    driver.threadId = "../x";
    play(driver, {{0, Resume{}, "FAILED Done finished !"}});
}

TEST(ResponsesMachine, SaysThatAModelIsMissing) {
    Driver driver = driverOf();
    driver.settings.model = "";
    play(driver, {{0, Resume{}, "FAILED Done finished !"}});
    EXPECT_EQ(driver.error().name, "ServiceUnavailable");
    EXPECT_EQ(driver.error().statusCode, 503);
}

// --- requests ---

TEST(ResponsesMachine, MarksTheConversationWithTheJob) {
    Driver driver = driverOf();
    driver.step(0, Resume{});
    expectJson(driver.call().body, R"({"metadata":{"edgerun_job":"job1"}})");
}

TEST(ResponsesMachine, SendsWhatTheAssistantSaysWithEveryResponse) {
    Assistant assistant;
    assistant.model = "gpt-2";
    assistant.instructions = "Be \"brief\".";
    assistant.temperature = "0.5";
    assistant.responseFormat =
        R"({"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}})";
    assistant.hasCodeInterpreter = true;
    assistant.vectorStores = {"vs_1", "vs_2"};
    assistant.functions = {{"weather", R"({"name":"weather"})", true}};
    Driver driver = driverOf();
    driver.described = &assistant;
    driver.metadata = R"({"a":"b"})";
    driver.step(0, Resume{});
    driver.step(10, ok(kConversation));
    expectJson(
        driver.call().body,
        R"({"model":"gpt-2","input":[{"type":"message","role":"user",)"
        R"("content":"What is \"it\"?"}],"conversation":"conv_1","background":true,"store":true,)"
        R"("instructions":"Be \"brief\".","tools":[)"
        R"({"type":"code_interpreter","container":{"type":"auto"}},)"
        R"({"type":"file_search","vector_store_ids":["vs_1","vs_2"]},)"
        R"({"type":"function","name":"weather","strict":false,)"
        R"("parameters":{"type":"object","properties":{}}}],)"
        R"("include":["code_interpreter_call.outputs","file_search_call.results"],)"
        R"("temperature":0.5,)"
        R"("text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"}}},)"
        R"("metadata":{"a":"b","edgerun_job":"job1"}})");
}

TEST(ResponsesMachine, SaysNothingOfWhatTheAssistantDoesNotSay) {
    const Assistant assistant;
    Driver driver = driverOf();
    driver.described = &assistant;
    driver.step(0, Resume{});
    driver.step(10, ok(kConversation));
    for (const char* member : {"instructions", "tools", "include", "temperature", "text"}) {
        EXPECT_EQ(driver.call().body.find('"' + std::string(member) + "\":"), std::string::npos)
            << member;
    }
}

// --- statuses ---

struct StatusRow {
    std::string response;
    std::string expected;
    std::string error;  ///< or empty
    std::string note;   ///< or empty
};

TEST(ResponsesMachine, FollowsEveryStatus) {
    const std::string end = kDeleteRun + " !";
    const StatusRow rows[] = {
        {response("queued", ""), "RUNNING PollRun wait 2420", "", ""},
        {response("in_progress", message("half")), "RUNNING PollRun wait 2420", "", ""},
        {response("completed", message("42")), "COMPLETED " + end, "", ""},
        {response("incomplete", message("4")), "COMPLETED " + end, "", ""},
        {response("cancelled", ""), "CANCELLED " + end, "", ""},
        {response("failed", ""), "FAILED " + end, "RunFailed: the run failed", "the run failed"},
        {response("failed", "", "resp_1", R"(,"error":{"code":"server_error","message":"sk-abc"})"),
         "FAILED " + end, "RunFailed: the run failed: [hidden]",
         "the run failed (server_error): [hidden]"},
        {response("failed", "", "resp_1",
                  R"(,"error":{"code":"rate_limit_exceeded","message":"slow"})"),
         "FAILED " + end, "RateLimited: the run failed: slow",
         "the run failed (rate_limit_exceeded): slow"},
        {response("failed", "", "resp_1", R"(,"error":7)"), "FAILED " + end,
         "RunFailed: the run failed", "the run failed"},
        {response("paused", ""), "RUNNING PollRun wait 2420", "",
         "the run has an unknown status: paused"},
    };
    for (const StatusRow& row : rows) {
        Driver driver = driverOf();
        playToPoll(driver);
        driver.step(1220, Timer{});
        play(driver, {{1230, ok(row.response), row.expected}});
        EXPECT_EQ(driver.last.note, row.note);
        if (!row.error.empty()) {
            EXPECT_EQ(driver.error().name + ": " + driver.error().message, row.error);
            EXPECT_EQ(driver.error().statusCode, 502);
        }
    }
}

TEST(ResponsesMachine, NotesAnUnknownStatusOnce) {
    Driver driver = driverOf();
    playToPoll(driver);
    const std::string odd = response("pau\\u001bsed", "");
    driver.step(1220, Timer{});
    driver.step(1230, ok(odd));
    EXPECT_EQ(driver.last.note, "the run has an unknown status: pau sed");
    driver.step(2420, Timer{});
    driver.step(2430, ok(odd));
    EXPECT_EQ(driver.last.note, "");
}

TEST(ResponsesMachine, KeepsTheProvidersWordForWhyAnAnswerIsIncomplete) {
    const struct {
        std::string details;
        std::string reason;
    } rows[] = {
        {R"({"reason":"max_output_tokens"})", "max_output_tokens"},
        {R"({"reason":"content_filter"})", "content_filter"},
        {R"({"reason":"steered"})", "steered"},
        {R"({"reason":"No Word"})", "unknown"},
        {R"({"reason":"a_word_that_is_longer_than_what_is_kept"})", "unknown"},
        {R"({"reason":""})", "unknown"},
        {"null", "unknown"},
    };
    for (const auto& row : rows) {
        Driver driver = driverOf();
        playToPoll(driver);
        driver.step(1220, Timer{});
        const std::string body = response("incomplete", message("so far"), "resp_1",
                                          R"(,"incomplete_details":)" + row.details);
        driver.step(1230, ok(body));
        EXPECT_EQ(driver.last.visible->answer, "so far");
        EXPECT_EQ(driver.last.visible->incompleteReason, row.reason);
        EXPECT_EQ(driver.record.incompleteReason.view(), row.reason);
    }
}

// --- answers ---

struct AnswerRow {
    std::string output;
    const char* answer;  ///< or null
};

TEST(ResponsesMachine, ReadsTheAnswerFromMessagesInTheOrderOfWriting) {
    const AnswerRow rows[] = {
        {"", nullptr},
        {R"({"type":"reasoning","summary":[]},{"type":"web_search_call"},{"type":"what"},7,null,[])",
         nullptr},
        {R"({"type":"message","content":[]})", nullptr},
        {R"({"type":"message","content":"text"})", nullptr},
        {R"({"type":"message","content":[{"type":"output_text","text":7},{"type":"image"}]})",
         nullptr},
        {R"({"type":"message","content":[{"type":"output_text","text":""}]})", ""},
        {R"({"type":"message","content":[{"type":"refusal","refusal":"no"}]})", "no"},
        {R"({"type":"message","content":[{"type":"output_text","text":"a\u0000b"}]})", "a\uFFFDb"},
        {R"({"type":"message","content":[{"type":"output_text","text":"a"},3,)"
         R"({"type":"output_text","text":"b"}]},{"type":"reasoning"},)"
         R"({"type":"message","content":[{"type":"output_text","text":"c"}]})",
         "a\n\nb\n\nc"},
    };
    for (const AnswerRow& row : rows) {
        Driver driver = driverOf();
        playToPoll(driver);
        driver.step(1220, Timer{});
        const std::string body = response("completed", row.output);
        play(driver, {{1230, ok(body),
                       (row.answer != nullptr ? "COMPLETED " : "FAILED ") + kDeleteRun + " !"}});
        if (row.answer != nullptr) {
            EXPECT_EQ(driver.last.visible->answer, row.answer);
        } else {
            EXPECT_EQ(driver.error().name, "ProviderError");
            EXPECT_EQ(driver.error().message, "the run ended with no answer");
        }
    }
}

TEST(ResponsesMachine, SaysWhyThereIsNoAnswer) {
    Driver driver = driverOf();
    playToPoll(driver);
    driver.step(1220, Timer{});
    const std::string body = response("incomplete", "", "resp_1",
                                      R"(,"incomplete_details":{"reason":"max_output_tokens"})");
    driver.step(1230, ok(body));
    EXPECT_EQ(driver.error().message,
              "the run ended with no answer (incomplete: max_output_tokens)");
}

TEST(ResponsesMachine, ShowsWhatToolsOfTheProviderDid) {
    Driver driver = driverOf();
    playToPoll(driver);
    driver.step(1220, Timer{});
    const std::string output =
        R"({"type":"reasoning","id":"rs_1"},)"
        R"({"type":"code_interpreter_call","id":"ci_1","code":"1 + 1","container_id":"c",)"
        R"("outputs":[{"type":"logs","logs":"1\n"},{"type":"image","url":"https://x/y.png"},)"
        R"({"type":"image","file_id":"cfile_1"},{"type":"video"},7]},)"
        R"({"type":"code_interpreter_call","id":"ci_2","code":null,"outputs":null},)"
        R"({"type":"file_search_call","id":"fs_1","queries":["q"],"results":[)"
        R"({"file_id":"file_1","filename":"a.txt","score":0.5,"text":"t"},9]},)"
        R"({"type":"file_search_call","id":"fs_2","results":null},)"
        R"({"type":"message","id":"msg_2","content":[{"type":"output_text","text":"42",)"
        R"("annotations":[{"type":"file_citation","file_id":"file_1","filename":"a.txt","index":1},)"
        R"({"type":"container_file_citation","file_id":"cfile_1","filename":"b.png"},)"
        R"({"type":"url_citation","url":"u"},{"type":"file_path","file_id":"file_2"}]}]})";
    const std::string body = response("completed", output);
    driver.step(1230, ok(body));
    expectJson(driver.last.visible->steps,
               R"([{"type":"code_interpreter","id":"ci_1","input":"1 + 1","logs":["1\n"],)"
               R"("imageFileIds":["https://x/y.png","cfile_1"]},)"
               R"({"type":"code_interpreter","id":"ci_2","input":"","logs":[],"imageFileIds":[]},)"
               R"({"type":"file_search","id":"fs_1","results":[)"
               R"({"fileId":"file_1","fileName":"a.txt","score":0.5},)"
               R"({"fileId":"","fileName":"","score":0.0}]},)"
               R"({"type":"file_search","id":"fs_2","results":[]},)"
               R"({"type":"message","id":"msg_2","citations":[)"
               R"({"fileId":"file_1","fileName":"a.txt"},{"fileId":"cfile_1","fileName":"b.png"},)"
               R"({"fileId":"file_2"}]}])");
    EXPECT_EQ(driver.work, "") << "steps are told, not kept";
}

TEST(ResponsesMachine, PollsWithTheProvidersHints) {
    Driver driver = driverOf();
    playToPoll(driver);
    driver.step(1220, Timer{});
    Response hinting = ok(kInProgress);
    hinting.retryAfter = 3000;
    play(driver, {{1230, hinting, "RUNNING PollRun wait 4220"}});
}

TEST(ResponsesMachine, NeedsNoRequestForThePollsOfAFirstResponse) {
    Driver driver = driverOf();
    playToPoll(driver);
    EXPECT_FALSE(responsesMachine().needsRequest(driver.record));
    driver.record.ownsThread = false;
    EXPECT_TRUE(responsesMachine().needsRequest(driver.record));
    driver.record.ownsThread = true;
    driver.record.toolRounds = 1;
    EXPECT_TRUE(responsesMachine().needsRequest(driver.record));
}

TEST(ResponsesMachine, RemembersThreadsWhereTheProviderHasNoConversations) {
    Settings settings;
    EXPECT_FALSE(responsesMachine().remembersThreads(settings));
    settings.hasConversations = false;
    EXPECT_TRUE(responsesMachine().remembersThreads(settings));
    EXPECT_TRUE(responsesMachine().headers().empty());
}

}  // namespace
}  // namespace edgerun::run::test::responses
