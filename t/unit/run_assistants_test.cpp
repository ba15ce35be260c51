#include "run_driver.h"

namespace edgerun::run::test {
namespace {

TEST(AssistantsMachine, TakesAJobFromItsThreadToItsAnswer) {
    Driver driver;
    play(driver, {{0, Resume{}, "PENDING CreateThread POST /threads"},
                  {10, ok(kThread), "PENDING AddMessage POST /threads/thread_1/messages"},
                  {20, ok(kMessage), "PENDING CreateRun POST /threads/thread_1/runs"},
                  {30, ok(kQueued), "RUNNING PollRun wait 1230 !"},
                  {1230, Timer{}, "RUNNING PollRun GET /threads/thread_1/runs/run_1"},
                  {1300, ok(kInProgress), "RUNNING PollRun wait 2430"},
                  {2430, Timer{}, "RUNNING PollRun GET /threads/thread_1/runs/run_1"},
                  {2500, ok(kCompleted), std::string("RUNNING ListMessages GET ") + kAnswerPage},
                  {2510, ok(kAnswer), "COMPLETED DeleteThread DELETE /threads/thread_1 !"}});
    EXPECT_EQ(driver.last.visible->answer, "42");
    EXPECT_FALSE(driver.last.visible->error);
    EXPECT_EQ(driver.record.usage.prompt, 7);
    EXPECT_EQ(driver.record.usage.completion, 5);
    EXPECT_EQ(driver.record.usage.total, 12);
    EXPECT_EQ(driver.record.startedWall, kStartWall + 30);
    EXPECT_EQ(driver.record.completedWall, kStartWall + 2510);
    EXPECT_EQ(driver.record.polls, 2U);
    EXPECT_EQ(driver.record.rounds, 1U);
    play(driver,
         {{2520, ok("{}"), "COMPLETED Done finished"}, {2530, Timer{}, "COMPLETED Done finished"}});
}

TEST(AssistantsMachine, AsksForVersionTwoOfTheApi) {
    EXPECT_EQ(assistantsMachine().headers(),
              std::vector<std::string>{"OpenAI-Beta: assistants=v2"});
}

TEST(AssistantsMachine, SendsTheRequestWithTheJobsTag) {
    Driver driver;
    driver.metadata = R"({"a":"\u00e4\n","b\"":"2"})";
    driver.step(0, Resume{});
    EXPECT_EQ(driver.call().body, R"({"metadata":{"edgerun_job":"job1"}})");
    driver.step(1, ok(kThread));
    EXPECT_EQ(driver.call().body,
              R"({"role":"user","content":"What is \"it\"?","metadata":{"edgerun_job":"job1"}})");
    driver.step(2, ok(kMessage));
    EXPECT_EQ(driver.call().body,
              "{\"assistant_id\":\"asst_1\",\"metadata\":"
              "{\"a\":\"\xC3\xA4\\n\",\"b\\\"\":\"2\",\"edgerun_job\":\"job1\"}}");
}

std::string runBodyFor(const std::string& metadata) {
    Driver driver;
    driver.metadata = metadata;
    driver.step(0, Resume{});
    driver.step(1, ok(kThread));
    driver.step(2, ok(kMessage));
    return driver.call().body;
}

std::string pairs(int count) {
    std::string object = "{";
    for (int i = 0; i < count; ++i) {
        object += (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + "\":\"v\"";
    }
    return object + "}";
}

TEST(AssistantsMachine, SendsAtMostSixteenPairsOfMetadata) {
    EXPECT_NE(runBodyFor(pairs(15)).find("\"k14\":\"v\",\"edgerun_job\":\"job1\"}"),
              std::string::npos);
    EXPECT_EQ(runBodyFor(pairs(16)).find("\"k"), std::string::npos);
}

TEST(AssistantsMachine, MarksARunWhateverTheMetadata) {
    const std::string alone = R"({"assistant_id":"asst_1","metadata":{"edgerun_job":"job1"}})";
    for (const char* metadata :
         {"", "{}", "[1]", "nonsense", R"({"edgerun_job":"theirs"})", "{\"a\":\"1\"}x"}) {
        EXPECT_EQ(runBodyFor(metadata), alone) << metadata;
    }
}

TEST(AssistantsMachine, ContinuesAThreadWithoutOwningIt) {
    Driver driver;
    driver.threadId = "thread_1";
    play(driver,
         {{0, Resume{}, "PENDING AddMessage POST /threads/thread_1/messages"},
          {10, ok(kMessage), "PENDING CreateRun POST /threads/thread_1/runs"},
          {20, ok(kCompleted), std::string("RUNNING ListMessages GET ") + kAnswerPage + " !"},
          {30, ok(kAnswer), "COMPLETED DeleteThread DELETE /threads/thread_1 !"}});
    EXPECT_FALSE(driver.record.ownsThread);
}

TEST(AssistantsMachine, RefusesAThreadIdThatCouldLeaveItsPath) {
    for (const char* id : {"../files", "a/b", "a b", "a?b", "%2e", "\xC3\xA4"}) {
        Driver driver;
        driver.threadId = id;
        play(driver, {{0, Resume{}, "FAILED Done finished !"}});
        EXPECT_EQ(driver.error().name, "ProviderError");
    }
}

TEST(AssistantsMachine, KeepsTheThreadWhenToldSo) {
    Driver driver;
    driver.settings.keepThreads = kKeepForever;
    playToRunning(driver);
    driver.step(1230, Timer{});
    driver.step(1240, ok(kCompleted));
    play(driver, {{1250, ok(kAnswer), "COMPLETED Done finished !"}});
}

struct Ending {
    const char* run;  ///< members of the run object
    std::string expected;
    const char* error;
    const char* message;
};

TEST(AssistantsMachine, MapsEveryStatusOfARun) {
    const std::string gone = " DeleteThread DELETE /threads/thread_1 !";
    const Ending endings[] = {
        {R"("status":"queued")", "RUNNING PollRun wait 2430", "", ""},
        {R"("status":"in_progress")", "RUNNING PollRun wait 2430", "", ""},
        {R"("status":"cancelling")", "RUNNING PollRun wait 2430", "", ""},
        {R"("status":"meditating")", "RUNNING PollRun wait 2430", "", ""},
        {R"("status":"failed","last_error":{"code":"server_error","message":"Sorry\n!"})",
         "FAILED" + gone, "RunFailed", "the run failed: Sorry !"},
        {R"("status":"failed","last_error":null)", "FAILED" + gone, "RunFailed", "the run failed"},
        {R"("status":"failed","last_error":{"code":"rate_limit_exceeded","message":"Slow"})",
         "FAILED" + gone, "RateLimited", "the run failed: Slow"},
        {R"("status":"expired")", "FAILED" + gone, "RunExpired", "the run expired at the provider"},
        {R"("status":"cancelled")", "CANCELLED" + gone, "", ""},
        {R"("status":"completed")", std::string("RUNNING ListMessages GET ") + kAnswerPage, "", ""},
        {R"("status":"incomplete")", std::string("RUNNING ListMessages GET ") + kAnswerPage, "",
         ""},
        // Garbage is a failed try.
        {R"("status":7)", "RUNNING PollRun wait 1800", "", ""},
        {R"("status":"requires_action")", "RUNNING PollRun wait 1800", "", ""},
        {R"("status":"queued","thread_id":"thread_2")", "RUNNING PollRun wait 1800", "", ""},
        {R"("status":"queued","status":"queued")", "RUNNING PollRun wait 1800", "", ""},
    };
    for (const Ending& ending : endings) {
        Driver driver;
        playToRunning(driver);
        driver.step(1230, Timer{});
        const std::string body = R"({"id":"run_1",)" + std::string(ending.run) + "}";
        play(driver, {{1300, ok(body), ending.expected}});
        if (ending.error[0] != '\0') {
            EXPECT_EQ(driver.error().name, ending.error);
            EXPECT_EQ(driver.error().message, ending.message);
            EXPECT_EQ(driver.error().statusCode, 502);
        } else if (driver.last.visible) {
            EXPECT_FALSE(driver.last.visible->error);
        }
    }
}

TEST(AssistantsMachine, TakesAnotherRunsObjectForGarbage) {
    Driver driver;
    playToRunning(driver);
    driver.step(1230, Timer{});
    play(driver,
         {{1300, ok(R"({"id":"run_2","status":"completed"})"), "RUNNING PollRun wait 1800"}});
    EXPECT_FALSE(driver.last.note.empty());
    play(driver, {{1800, Timer{}, "RUNNING PollRun GET /threads/thread_1/runs/run_1"},
                  {1900, ok(R"({"id":"run_2","status":"queued"})"), "RUNNING PollRun wait 2900"}});
}

TEST(AssistantsMachine, NotesAnUnknownStatusOnce) {
    Driver driver;
    playToRunning(driver);
    driver.step(1230, Timer{});
    driver.step(1240, ok(R"({"id":"run_1","status":"meditating"})"));
    EXPECT_EQ(driver.last.note, "the run has an unknown status: meditating");
    driver.step(2430, Timer{});
    driver.step(2440, ok(R"({"id":"run_1","status":"meditating"})"));
    EXPECT_EQ(driver.last.note, "");
}

std::string actionOf(int calls, int argumentBytes) {
    std::string list;
    for (int i = 0; i < calls; ++i) {
        list += (i > 0 ? "," : "") + std::string(R"({"id":"call_)") + std::to_string(i) +
                R"(","function":{"name":"f","arguments":")" +
                std::string(static_cast<std::size_t>(argumentBytes), 'x') + R"("}})";
    }
    return R"({"id":"run_1","status":"requires_action","required_action":{)"
           R"("submit_tool_outputs":{"tool_calls":[)" +
           list + "]}}}";
}

TEST(AssistantsMachine, RefusesARequiredActionAboveItsBounds) {
    struct {
        int calls;
        int argumentBytes;
        bool isTaken;
    } const rows[] = {{0, 1, false},   {1, 0, true},         {128, 1, true},
                      {129, 1, false}, {2, 60 * 1024, true}, {2, 70 * 1024, false}};
    for (const auto& row : rows) {
        Driver driver;
        playToRunning(driver);
        driver.step(1230, Timer{});
        const std::string body = actionOf(row.calls, row.argumentBytes);
        play(driver, {{1240, ok(body),
                       row.isTaken ? "RUNNING CallTools wait 1240" : "RUNNING PollRun wait 1740"}});
        EXPECT_EQ(driver.record.failures, row.isTaken ? 0 : 1);
    }
}

TEST(AssistantsMachine, TellsWhyAnAnswerIsIncomplete) {
    struct {
        const char* details;
        const char* reason;
    } const rows[] = {{R"({"reason":"max_completion_tokens"})", "max_completion_tokens"},
                      {"{}", "unknown"},
                      {"null", "unknown"},
                      {R"({"reason":"<b>"})", "unknown"},
                      {R"({"reason":7})", "unknown"}};
    for (const auto& row : rows) {
        Driver driver;
        playToRunning(driver);
        driver.step(1230, Timer{});
        const std::string body =
            R"({"id":"run_1","status":"incomplete","usage":{"total_tokens":3},)"
            R"("incomplete_details":)" +
            std::string(row.details) + "}";
        driver.step(1240, ok(body));
        driver.step(1241, Resume{});  // the reason outlives a crash
        play(driver, {{1250, ok(kAnswer), "COMPLETED DeleteThread DELETE /threads/thread_1 !"}});
        EXPECT_EQ(driver.last.visible->incompleteReason, row.reason);
        EXPECT_EQ(driver.last.visible->answer, "42");
        EXPECT_EQ(driver.record.usage.total, 3);
        EXPECT_EQ(driver.record.usage.prompt, -1);
    }
}

struct AnswerRow {
    const char* messages;
    const char* answer;  ///< null: none
};

TEST(AssistantsMachine, ReadsTheAnswerFromTheRunsMessages) {
    const AnswerRow rows[] = {
        {R"([])", nullptr},
        {R"([{"role":"user","content":[{"type":"text","text":{"value":"q"}}]}])", nullptr},
        {R"([{"role":"assistant","run_id":"run_2","content":[{"type":"refusal","refusal":"x"}]}])",
         nullptr},
        {R"([{"role":"assistant","run_id":"run_1","content":[{"type":"image_file"}]}])", nullptr},
        {R"([{"role":"assistant","run_id":"run_1","content":[{"type":"text","text":"x"}]}])",
         nullptr},
        {R"([{"role":"assistant","run_id":null,"content":[{"type":"text","text":{"value":"a"}}]}])",
         "a"},
        {R"([{"role":"assistant","content":[{"type":"text","text":{"value":""}}]}])", ""},
        {R"([{"role":"assistant","content":[{"type":"refusal","refusal":"no"}]}])", "no"},
        {R"([{"role":"assistant","content":[{"type":"text","text":{"value":"a\u0000b"}}]}])",
         "a\uFFFDb"},
        {R"([{"role":"assistant","content":[{"type":"text","text":{"value":"c"}},7,)"
         R"({"type":"text","text":{"value":"d"}}]},5,)"
         R"({"role":"assistant","content":[{"type":"text","text":{"value":"a"}},)"
         R"({"type":"image_file"},{"type":"text","text":{"value":"b"}}]}])",
         "a\n\nb\n\nc\n\nd"},
    };
    for (const AnswerRow& row : rows) {
        Driver driver;
        playToRunning(driver);
        driver.step(1230, Timer{});
        driver.step(1240, ok(kCompleted));
        const std::string body = R"({"data":)" + std::string(row.messages) + "}";
        driver.step(1250, ok(body));
        if (row.answer != nullptr) {
            EXPECT_EQ(driver.last.visible->answer, row.answer);
        } else {
            EXPECT_EQ(driver.error().message, "the run ended with no answer");
            EXPECT_EQ(driver.error().name, "ProviderError");
        }
        EXPECT_EQ(driver.record.phase, Phase::DeleteThread) << "a run that is over is cancelled";
    }
}

struct HintRow {
    std::uint64_t repliedAt;
    std::optional<std::uint64_t> retryAfter;
    std::optional<std::uint64_t> pollAfter;
    const char* expected;
};

TEST(AssistantsMachine, PollsAtAnIntervalThatTheRoundTripDoesNotStretch) {
    const HintRow rows[] = {
        {1240, {}, {}, "wait 2430"},     {2400, {}, {}, "wait 2450"},     // not at once
        {9000, {}, {}, "wait 9050"},                                      // a slow reply
        {1240, {}, 300, "wait 1530"},                                     // hints
        {1240, 2000, {}, "wait 3230"},   {1240, 2000, 300, "wait 1530"},  // the more precise one
        {1240, {}, 1, "wait 1330"},                                       // bounds
        {1240, {}, 60'000, "wait 6230"}, {1240, {}, UINT64_MAX, "wait 6230"},
    };
    for (const HintRow& row : rows) {
        Driver driver;
        playToRunning(driver);
        driver.step(1230, Timer{});
        Response response = ok(kInProgress);
        response.retryAfter = row.retryAfter;
        response.pollAfter = row.pollAfter;
        play(driver, {{row.repliedAt, response, std::string("RUNNING PollRun ") + row.expected}});
    }
}

TEST(AssistantsMachine, WaitsOutATimerThatFiresEarly) {
    Driver driver;
    playToRunning(driver);
    play(driver, {{1229, Timer{}, "RUNNING PollRun wait 1230"},
                  {1230, Timer{}, "RUNNING PollRun GET /threads/thread_1/runs/run_1"}});
}

TEST(JobStatus, NamesEveryStatus) {
    EXPECT_STREQ(run::nameOf(JobStatus::Pending), "PENDING");
    EXPECT_STREQ(run::nameOf(JobStatus::Running), "RUNNING");
    EXPECT_STREQ(run::nameOf(JobStatus::RequiresAction), "REQUIRES_ACTION");
    EXPECT_STREQ(run::nameOf(JobStatus::Completed), "COMPLETED");
    EXPECT_STREQ(run::nameOf(JobStatus::Failed), "FAILED");
    EXPECT_STREQ(run::nameOf(JobStatus::Cancelled), "CANCELLED");
}

}  // namespace
}  // namespace edgerun::run::test
