#include "edgerun/run/steps.h"

#include "edgerun/run/assistants_replies.h"
#include "run_driver.h"

/// What a run did, as include=steps shows it.
namespace edgerun::run::test {
namespace {

constexpr const char* kStepsPage = "/threads/thread_1/runs/run_1/steps?limit=100&order=asc";
const std::string kListSteps = std::string("RUNNING ListSteps GET ") + kStepsPage;
const std::string kListMessages = std::string("RUNNING ListMessages GET ") + kAnswerPage;

constexpr std::string_view kAllKinds = R"({"data":[
    {"id":"step_1","type":"tool_calls","step_details":{"type":"tool_calls","tool_calls":[
        {"id":"call_1","type":"code_interpreter","code_interpreter":{"input":"6*7","outputs":[
            {"type":"logs","logs":"42"},{"type":"image","image":{"file_id":"file-1"}},
            {"type":"logs","logs":"done"},{"type":"odd"},7]}},
        {"id":"call_2","type":"file_search","file_search":{"results":[
            {"file_id":"file-2","file_name":"a.pdf","score":0.92,"content":[]},{"score":1},7]}},
        {"id":"call_3","type":"function","function":{"name":"f","arguments":"{}","output":"3"}},
        {"id":"call_4","type":"function","function":{"name":"g","arguments":"{}","output":null}},
        {"id":"call_5","type":"teleport"},7]}},
    {"id":"step_2","type":"message_creation",
        "step_details":{"type":"message_creation","message_creation":{"message_id":"msg_2"}}},
    {"id":"step_3"},7],"has_more":false})";

constexpr std::string_view kShown =
    R"([{"type":"code_interpreter","id":"call_1","input":"6*7","logs":["42","done"],)"
    R"("imageFileIds":["file-1"]},)"
    R"({"type":"file_search","id":"call_2","results":[{"fileId":"file-2","fileName":"a.pdf",)"
    R"("score":0.92},{"fileId":"","fileName":"","score":1.0},)"
    R"({"fileId":"","fileName":"","score":0.0}]},)"
    R"({"type":"function","id":"call_3","name":"f","arguments":"{}","output":"3"},)"
    R"({"type":"function","id":"call_4","name":"g","arguments":"{}"},)"
    R"({"type":"message","id":"msg_2"}])";

std::string stepsOf(std::string_view body) {
    const Work work("");
    EXPECT_TRUE(readSteps(body, work));
    return stepsText(work);
}

/// To where the steps were just asked for, at 1,240 ms.
struct StepsDriver : Driver {
    StepsDriver() {
        settings.asksForSteps = true;
        playToRunning(*this);
        step(1230, Timer{});
        EXPECT_EQ(nameOf(step(1240, ok(kCompleted))), kListSteps);
    }
};

TEST(Steps, AreReadOfAllKinds) {
    EXPECT_EQ(stepsOf(kAllKinds), kShown);
}

TEST(Steps, AreNoneInAnEmptyList) {
    EXPECT_EQ(stepsOf(R"({"data":[]})"), "");
}

TEST(Steps, AreNotReadFromWhatIsNoList) {
    for (const char* body : {"", "<html>", "{}", "[]", R"({"data":{}})", R"({"data":null})"}) {
        const Work work("");
        EXPECT_FALSE(readSteps(body, work)) << body;
        EXPECT_TRUE(work.isEmpty());
    }
}

TEST(Steps, AreReadBeforeTheAnswerAndShownWithIt) {
    StepsDriver driver;
    play(driver, {{1250, ok(kAllKinds), kListMessages},
                  {1260, Resume{}, kListMessages},  // they outlive a crash
                  {1270, ok(kAnswer), "COMPLETED DeleteThread DELETE /threads/thread_1 !"}});
    EXPECT_EQ(driver.last.visible->steps, kShown);
    EXPECT_EQ(driver.last.visible->answer, "42");
}

TEST(Steps, AreNotAskedForWhereTheProviderHasNone) {
    Driver driver;
    driver.settings.asksForSteps = false;
    playToRunning(driver);
    driver.step(1230, Timer{});
    play(driver, {{1240, ok(kCompleted), kListMessages}});
}

TEST(Steps, AreLeftOutWhereTheyCannotBeRead) {
    for (const Event& event :
         {Event(answer(404, "")), Event(answer(429, "")), Event(answer(500, "")),
          Event(answer(401, "")), Event(kUnknown), Event(kNotSent), Event(kTooLarge),
          Event(ok("<html>")), Event(ok("{}")), Event(NoRoom{})}) {
        StepsDriver driver;
        play(driver, {{1250, event, kListMessages},
                      {1260, ok(kAnswer), "COMPLETED DeleteThread DELETE /threads/thread_1 !"}});
        EXPECT_EQ(driver.last.visible->steps, "");
        EXPECT_EQ(driver.last.visible->answer, "42");
    }
}

TEST(Steps, TakeNoMoreThanHalfOfTheTimeThatIsLeft) {
    StepsDriver early;
    EXPECT_EQ(early.call().timeout, 30'000U);

    Driver late;
    late.settings.asksForSteps = true;
    playToRunning(late);
    late.step(80'000, Timer{});
    late.step(80'000, ok(kCompleted));
    EXPECT_EQ(late.call().timeout, 5'000U);
    late.step(85'000, kUnknown);
    EXPECT_EQ(nameOf(late.last), kListMessages);
    EXPECT_EQ(late.call().timeout, 5'000U);
}

TEST(Steps, AreAskedForAgainByWhoeverTakesTheJobOver) {
    StepsDriver driver;
    play(driver, {{1250, Resume{}, kListSteps}});
}

TEST(Steps, AreReadOfARunWithTools) {
    Driver driver;
    driver.settings.asksForSteps = true;
    playToRunning(driver);
    driver.step(1230, Timer{});
    const std::string action = needing({{"c1", "f"}});
    driver.step(1240, ok(action));
    driver.step(1240, Timer{});
    driver.step(1250, driver.outputsOfWaitingCalls());
    driver.step(1260, ok(kCompleted));
    driver.step(1270, ok(kAllKinds));
    driver.step(1280, ok(kAnswer));
    EXPECT_EQ(driver.last.visible->steps, kShown);
}

// --- citations ---

constexpr std::string_view kCiting =
    R"({"data":[{"id":"msg_2","role":"assistant","run_id":"run_1","content":[{"type":"text",)"
    R"("text":{"value":"42","annotations":[)"
    R"({"type":"file_citation","file_citation":{"file_id":"file-7"}},)"
    R"({"type":"file_path","file_path":{"file_id":"file-8"}},7,)"
    R"({"type":"file_citation","file_citation":{"file_id":"file-9"}}]}}]}]})";
constexpr std::string_view kCited =
    R"({"type":"message","id":"msg_2","citations":[{"fileId":"file-7"},{"fileId":"file-9"}]})";

TEST(Steps, HoldWhatAMessageCites) {
    StepsDriver driver;
    driver.step(1250, ok(kAllKinds));
    driver.step(1260, ok(kCiting));
    const std::string steps = driver.last.visible->steps;
    EXPECT_EQ(steps, std::string(kShown.substr(0, kShown.rfind("{\"type\":\"message\""))) +
                         std::string(kCited) + "]");
}

TEST(Steps, HoldWhatAMessageCitesThoughTheListIsMissing) {
    StepsDriver driver;
    driver.step(1250, answer(404, ""));
    driver.step(1260, ok(kCiting));
    EXPECT_EQ(driver.last.visible->steps, "[" + std::string(kCited) + "]");
}

TEST(Steps, NameACitedFileWhereItsNameIsKnown) {
    const Work work("");
    addCitation(work, "msg_1", "file-1", "a.pdf");
    EXPECT_EQ(
        stepsText(work),
        R"([{"type":"message","id":"msg_1","citations":[{"fileId":"file-1","fileName":"a.pdf"}]}])");
}

// --- bounds ---

TEST(Steps, AreAtMost256) {
    const Work work("");
    for (int i = 0; i < 300; ++i) {
        addMessageStep(work, "msg_" + std::to_string(i));
    }
    const std::string text = stepsText(work);
    EXPECT_NE(text.find("\"msg_255\""), std::string::npos);
    EXPECT_EQ(text.find("\"msg_256\""), std::string::npos);
    addCitation(work, "msg_299", "file-1", {});
    EXPECT_EQ(stepsText(work), text);
}

TEST(Steps, HaveTextsOfAtMost16KiBCutAtACharacter) {
    std::string log;
    while (log.size() < 20'000) {
        log += "\xE2\x82\xAC";
    }
    const Work work("");
    addCodeStep(work, "call_1", "", {log}, {});
    const std::string text = stepsText(work);
    EXPECT_NE(text.find("\"logs\":[\"" + log.substr(0, 5461 * 3) + "\"]"), std::string::npos);
}

TEST(Steps, ComeToAtMost64KiBAndEndThere) {
    const Work work("");
    const std::string log(16 * 1024, 'x');
    for (int i = 0; i < 10; ++i) {
        addCodeStep(work, "call_" + std::to_string(i), "", {log}, {});
    }
    addMessageStep(work, "msg_1");
    addCitation(work, "msg_2", "file-1", {});
    const std::string text = stepsText(work);
    EXPECT_LE(text.size(), kMostStepBytes);
    EXPECT_NE(text.find("\"call_2\""), std::string::npos);
    EXPECT_EQ(text.find("\"call_3\""), std::string::npos);
    EXPECT_EQ(text.find("msg_"), std::string::npos) << "there is a gap before it";
}

TEST(Steps, AreBoundedWhereTheyAreKeptToo) {
    std::string calls;
    const std::string log(16 * 1024, 'x');
    for (int i = 0; i < 100; ++i) {
        calls += (i > 0 ? "," : "") +
                 (R"({"id":"c","type":"code_interpreter","code_interpreter":{"input":")" + log +
                  R"("}})");
    }
    StepsDriver driver;
    const std::string body = R"({"data":[{"step_details":{"tool_calls":[)" + calls + "]}}]}";
    driver.step(1250, ok(body));
    EXPECT_GT(driver.work.size(), 32U * 1024);
    EXPECT_LE(driver.work.size(), kMostStepBytes + 100);

    const Work work("");
    addMessageStep(work, "msg_1");
    for (int i = 0; i < 100; ++i) {
        addCitation(work, "msg_1", "file-" + log, log);
    }
    EXPECT_LE(work.text().size(), kMostStepBytes + 100);
}

TEST(Steps, HaveAtMost64Entries) {
    const std::vector<std::string_view> many(100, "x");
    const Work work("");
    addCodeStep(work, "", "", many, many);
    addSearchStep(work, "", std::vector<FoundFile>(100));
    for (int i = 0; i < 100; ++i) {
        addCitation(work, "msg_1", "file-1", {});
    }
    const json_t* steps = json_object_get(work.object(), "steps");
    EXPECT_EQ(json_array_size(json_object_get(json_array_get(steps, 0), "logs")), 64U);
    EXPECT_EQ(json_array_size(json_object_get(json_array_get(steps, 0), "imageFileIds")), 64U);
    EXPECT_EQ(json_array_size(json_object_get(json_array_get(steps, 1), "results")), 64U);
    EXPECT_EQ(json_array_size(json_object_get(json_array_get(steps, 2), "citations")), 64U);
}

TEST(Steps, CanBeRemovedAndCollectedAnew) {
    const Work work("");
    const std::string log(16 * 1024, 'x');
    for (int i = 0; i < 10; ++i) {
        addCodeStep(work, "", log, {}, {});
    }
    clearSteps(work);
    EXPECT_TRUE(work.isEmpty());
    addMessageStep(work, "msg_1");
    EXPECT_EQ(stepsText(work), R"([{"type":"message","id":"msg_1"}])");
}

TEST(Steps, SurviveWhateverStandsInTheWork) {
    for (const char* text : {"", "x", "[]", R"({"steps":7})", R"({"steps":[7],"stepBytes":-5})",
                             R"({"steps":{},"stepBytes":"x"})"}) {
        const Work work(text);
        addMessageStep(work, "msg_1");
        EXPECT_NE(stepsText(work).find("msg_1"), std::string::npos) << text;
    }
}

}  // namespace
}  // namespace edgerun::run::test
