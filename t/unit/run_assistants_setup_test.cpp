#include "edgerun/run/assistants_calls.h"
#include "edgerun/run/assistants_replies.h"
#include "run_driver.h"

/// Assistants that edgerun_assistant describes: found, created, updated, by one job for all.
namespace edgerun::run::test {
namespace {

const std::string kPage = "/assistants?limit=20&order=asc";
const std::string kFind = "PENDING FindAssistant GET " + kPage;
const std::string kCreate = "PENDING CreateAssistant POST /assistants";
const std::string kThreadCall = "PENDING CreateThread POST /threads";
const std::string kRunCall = "PENDING CreateRun POST /threads/thread_1/runs";
const std::string kDelete = "DeleteThread DELETE /threads/thread_1";
constexpr std::string_view kOld =
    R"({"data":[{"id":"asst_5","metadata":{"edgerun_assistant":"helper",)"
    R"("edgerun_definition":"0000000000001233"}}],"has_more":false})";

struct SetupDriver : Driver {
    Assistant definition = helper();

    SetupDriver() { described = &definition; }

    /// From where the assistant is known, at `at`, to the run; it is told the assistant's id.
    void goesOnToTheRun(std::uint64_t at) {
        play(*this, {{at, Timer{}, kThreadCall},
                     {at, ok(kThread), "PENDING AddMessage POST /threads/thread_1/messages"},
                     {at, ok(kMessage), kRunCall}});
        EXPECT_EQ(call().body.rfind(R"({"assistant_id":"asst_5",)", 0), 0U) << call().body;
    }
};

TEST(AssistantSetup, TakesTheOneThatIsThere) {
    SetupDriver driver;
    play(driver, {{0, Resume{}, kFind}, {10, ok(kOwnAssistants), "PENDING CreateThread wait 10"}});
    EXPECT_EQ(driver.last.assistantId, "asst_5");
    driver.goesOnToTheRun(10);
}

TEST(AssistantSetup, NeedsNoCallWhereTheIdIsKnown) {
    SetupDriver driver;
    driver.assistantId = "asst_5";
    driver.maySetUpAssistant = false;
    play(driver, {{0, Resume{}, kThreadCall}});
    EXPECT_FALSE(driver.last.assistantId);
    EXPECT_FALSE(driver.last.work);
}

TEST(AssistantSetup, NeedsNoCallWhereTheIdIsConfigured) {
    SetupDriver driver;
    driver.definition.id = "asst_5";
    driver.maySetUpAssistant = false;
    play(driver, {{0, Resume{}, kThreadCall}});
    driver.step(10, ok(kThread));
    driver.step(10, ok(kMessage));
    EXPECT_EQ(driver.call().body.rfind(R"({"assistant_id":"asst_5",)", 0), 0U);
}

TEST(AssistantSetup, CreatesTheOneThatIsMissing) {
    SetupDriver driver;
    driver.definition.hasCodeInterpreter = true;
    driver.definition.vectorStores = {"vs_1"};
    driver.definition.temperature = "0.5";
    play(driver, {{0, Resume{}, kFind}, {10, ok(kNothing), kCreate}});
    EXPECT_TRUE(driver.call().once);
    EXPECT_EQ(driver.call().body,
              R"({"model":"gpt-4o","name":"helper","instructions":"Help.","tools":[)"
              R"({"type":"code_interpreter"},{"type":"file_search"},)"
              R"({"type":"function","function":{"name":"here"}},)"
              R"({"type":"function","function":{"name":"there"}}],)"
              R"("tool_resources":{"file_search":{"vector_store_ids":["vs_1"]}},)"
              R"("temperature":0.5,"response_format":"auto",)"
              R"("metadata":{"edgerun_assistant":"helper",)"
              R"("edgerun_definition":"0000000000001234"}})");
    play(driver, {{20, ok(kAssistant), "PENDING CreateThread wait 20"}});
    EXPECT_EQ(driver.last.assistantId, "asst_5");
    driver.goesOnToTheRun(20);
    EXPECT_EQ(driver.record.rounds, 1U);
}

TEST(AssistantSetup, UpdatesTheOneWhoseDefinitionHasChanged) {
    SetupDriver driver;
    play(driver,
         {{0, Resume{}, kFind}, {10, ok(kOld), "PENDING UpdateAssistant POST /assistants/asst_5"}});
    EXPECT_FALSE(driver.call().once);
    EXPECT_EQ(driver.call().body, [&] {
        SetupDriver other;
        other.step(0, Resume{});
        other.step(10, ok(kNothing));
        return other.call().body;
    }());
    EXPECT_NE(driver.call().body.find(R"("temperature":null,)"), std::string::npos)
        << "what is no longer said must go";
    play(driver, {{20, kUnknown, "PENDING UpdateAssistant wait 520"},
                  {30, Resume{}, "PENDING UpdateAssistant wait 520"},
                  {520, Timer{}, "PENDING UpdateAssistant POST /assistants/asst_5"},
                  {530, ok(kAssistant), "PENDING CreateThread wait 530"}});
    EXPECT_EQ(driver.last.assistantId, "asst_5");
    EXPECT_EQ(driver.work, "");
    driver.goesOnToTheRun(530);
}

TEST(AssistantSetup, TurnsPages) {
    const auto page = [](const char* last, const char* more) {
        return R"({"data":[{"id":"asst_1"},{"id":")" + std::string(last) +
               R"(","metadata":null}],)" + R"("has_more":)" + more + "}";
    };
    const std::string first = page("asst_2", "true");
    const std::string second = page("asst_3", "true");
    const std::string third = page("asst_4", "false");
    SetupDriver driver;
    play(driver, {{0, Resume{}, kFind},
                  {10, ok(first), kFind + "&after=asst_2"},
                  {20, Resume{}, kFind + "&after=asst_2"},
                  {30, ok(second), kFind + "&after=asst_3"},
                  {40, kUnknown, "PENDING FindAssistant wait 540"},
                  {540, Timer{}, kFind + "&after=asst_3"},
                  {550, ok(third), kCreate},
                  {560, ok(kAssistant), "PENDING CreateThread wait 560"}});
    EXPECT_EQ(driver.work, "");
}

TEST(AssistantSetup, DoesNotTurnTheSamePageForEver) {
    constexpr std::string_view same = R"({"data":[{"id":"asst_2"}],"has_more":true})";
    SetupDriver driver;
    driver.step(0, Resume{});
    play(driver, {{10, ok(same), kFind + "&after=asst_2"},
                  {20, ok(same), "PENDING FindAssistant wait 520"}});
}

TEST(AssistantSetup, LooksAgainWhenItDoesNotKnowWhetherOneWasCreated) {
    for (const Event& event : {Event(kUnknown), Event(kTooLarge), Event(answer(500, "")),
                               Event(ok("<html>")), Event(Resume{})}) {
        SetupDriver driver;
        driver.step(0, Resume{});
        play(driver, {{10, ok(kNothing), kCreate},
                      {20, event, "PENDING FindAssistant wait 520"},
                      {520, Timer{}, kFind},
                      {530, ok(kOwnAssistants), "PENDING CreateThread wait 530"}});
        driver.goesOnToTheRun(530);
    }
}

TEST(AssistantSetup, CreatesFourTimesAtMost) {
    SetupDriver driver;
    driver.step(0, Resume{});
    driver.step(0, ok(kNothing));
    std::uint64_t at = 0;
    for (int i = 1; i < 4; ++i) {
        driver.step(at, answer(500, ""));
        at += 500;
        play(driver, {{at, Timer{}, kFind},
                      {at, ok(kNothing), "PENDING CreateAssistant wait " + std::to_string(at)},
                      {at, Timer{}, kCreate}});
    }
    driver.step(at, answer(500, ""));
    driver.step(at + 500, Timer{});
    play(driver, {{at + 500, ok(kNothing), "FAILED Done finished !"}});
    EXPECT_EQ(driver.error().message, "the assistant could not be created (4 tries)");
    EXPECT_TRUE(driver.last.mayFallBack);
}

TEST(AssistantSetup, TriesARefusedCreationAgain) {
    SetupDriver driver;
    driver.step(0, Resume{});
    play(driver, {{0, ok(kNothing), kCreate},
                  {10, answer(429, ""), "PENDING CreateAssistant wait 510"},
                  {510, Timer{}, kCreate}});
}

TEST(AssistantSetup, EndsAJobThatCannotHaveIt) {
    for (const int status : {400, 401, 403, 404, 422}) {
        SetupDriver driver;
        driver.step(0, Resume{});
        play(driver, {{10, answer(status, ""), "FAILED Done finished !"}});
        EXPECT_EQ(driver.last.mayFallBack, status != 400 && status != 422);
        SetupDriver creating;
        creating.step(0, Resume{});
        creating.step(10, ok(kNothing));
        play(creating, {{10, answer(status, ""), "FAILED Done finished !"}});
    }
}

// --- one job for all ---

TEST(AssistantSetup, WaitsWhileAnotherJobIsAtIt) {
    SetupDriver driver;
    driver.maySetUpAssistant = false;
    play(driver, {{0, Resume{}, "PENDING FindAssistant wait 200"},
                  {200, Timer{}, "PENDING FindAssistant wait 400"},
                  {300, Resume{}, "PENDING FindAssistant wait 400"}});
    driver.assistantId = "asst_5";
    driver.goesOnToTheRun(400);
}

TEST(AssistantSetup, TakesItOverFromAJobThatGaveUp) {
    SetupDriver driver;
    driver.maySetUpAssistant = false;
    driver.step(0, Resume{});
    driver.maySetUpAssistant = true;
    play(driver, {{200, Timer{}, kFind}});
}

TEST(AssistantSetup, LooksFirstWhenItGetsTheTurnBack) {
    SetupDriver driver;
    driver.step(0, Resume{});
    driver.step(0, ok(kNothing));
    driver.step(10, answer(429, ""));
    driver.maySetUpAssistant = false;
    play(driver, {{510, Timer{}, "PENDING FindAssistant wait 710"}});
    driver.maySetUpAssistant = true;
    play(driver, {{710, Timer{}, kFind}});
}

TEST(AssistantSetup, DropsWhatItIsAtWhenAnotherJobHasDoneIt) {
    SetupDriver finding;
    finding.step(0, Resume{});
    finding.assistantId = "asst_5";
    play(finding, {{10, ok(kNothing), kThreadCall}});

    SetupDriver creating;
    creating.step(0, Resume{});
    creating.step(0, ok(kNothing));
    creating.step(10, answer(429, ""));
    creating.assistantId = "asst_5";
    creating.goesOnToTheRun(510);
}

TEST(AssistantSetup, DoesNotWaitLongerThanARunMayTake) {
    SetupDriver driver;
    driver.maySetUpAssistant = false;
    driver.step(0, Resume{});
    play(driver, {{89'950, Timer{}, "PENDING FindAssistant wait 90000"},
                  {90'000, Timer{}, "FAILED Done finished !"}});
    EXPECT_EQ(driver.error().name, "RunTimeout");
}

TEST(AssistantSetup, GoesOnWithoutADefinitionThatAReloadTookAway) {
    SetupDriver driver;
    driver.step(0, Resume{});
    driver.described = nullptr;
    play(driver, {{10, Resume{}, kThreadCall}});

    SetupDriver answered;
    answered.step(0, Resume{});
    answered.described = nullptr;
    play(answered, {{10, ok(kNothing), kThreadCall}});
}

// --- a continued thread ---

TEST(AssistantSetup, ComesBeforeAContinuedThreadToo) {
    SetupDriver driver;
    driver.threadId = "thread_1";
    play(driver, {{0, Resume{}, kFind},
                  {10, ok(kOwnAssistants), "PENDING AddMessage wait 10"},
                  {10, Timer{}, "PENDING AddMessage POST /threads/thread_1/messages"},
                  {20, ok(kMessage), kRunCall}});
    EXPECT_FALSE(driver.record.ownsThread);
}

TEST(AssistantSetup, LeavesAContinuedThreadToItsOthersWhenItFails) {
    SetupDriver driver;
    driver.threadId = "thread_1";
    driver.isThreadWanted = true;
    driver.step(0, Resume{});
    play(driver, {{10, answer(401, ""), "FAILED Done finished !"}});
}

// --- it is gone ---

/// To where the run was just asked for, at 0 ms, of an assistant that all know.
struct RunDriver : SetupDriver {
    RunDriver() {
        assistantId = "asst_4";
        step(0, Resume{});
        step(0, ok(kThread));
        EXPECT_EQ(nameOf(step(0, ok(kMessage))), kRunCall);
    }
};

constexpr std::string_view kNoAssistant =
    R"({"error":{"message":"No assistant found with id 'asst_4'.","code":null}})";

TEST(AssistantSetup, IsNotDoneAgainForAThreadThatIsNotThere) {
    RunDriver driver;
    play(driver,
         {{10, answer(404, R"({"error":{"message":"No thread found with id 'thread_1'."}})"),
           "FAILED " + kDelete + " !"}});
    EXPECT_FALSE(driver.last.assistantId);
}

TEST(AssistantSetup, IsDoneAgainOnceWhenSomebodyDeletedIt) {
    RunDriver driver;
    play(driver, {{10, answer(404, kNoAssistant), "PENDING FindAssistant wait 10"}});
    EXPECT_EQ(driver.last.assistantId, "") << "all workers are told";
    play(driver, {{10, Timer{}, kFind},
                  {20, ok(kNothing), kCreate},
                  {30, ok(kAssistant), "PENDING CreateRun wait 30"},
                  {30, Timer{}, kRunCall}});
    EXPECT_EQ(driver.call().body.rfind(R"({"assistant_id":"asst_5",)", 0), 0U);
    EXPECT_EQ(driver.record.rounds, 1U);
    play(driver, {{40, answer(404, kNoAssistant), "FAILED " + kDelete + " !"}});
}

TEST(AssistantSetup, IsNotDoneForOneThatIsOnlyAnId) {
    for (const bool isDescribed : {true, false}) {
        SetupDriver driver;
        driver.definition.id = "asst_9";
        driver.described = isDescribed ? &driver.definition : nullptr;
        driver.step(0, Resume{});
        driver.step(0, ok(kThread));
        driver.step(0, ok(kMessage));
        play(driver, {{10, answer(404, kNoAssistant), "FAILED " + kDelete + " !"}});
    }
}

TEST(AssistantSetup, IsDoneAgainWhenNoWorkerKnowsTheIdAnyMore) {
    SetupDriver driver;
    driver.assistantId = "asst_5";
    driver.step(0, Resume{});
    driver.step(0, ok(kThread));
    driver.assistantId.clear();
    play(driver, {{10, ok(kMessage), "PENDING FindAssistant wait 10"},
                  {10, Timer{}, kFind},
                  {20, ok(kOwnAssistants), "PENDING CreateRun wait 20"},
                  {20, Timer{}, kRunCall}});
    EXPECT_EQ(driver.call().body.rfind(R"({"assistant_id":"asst_5",)", 0), 0U);
}

TEST(AssistantSetup, KeepsInMindThatABlindTryMayHaveStartedARun) {
    for (const bool isFound : {false, true}) {
        SetupDriver driver;
        driver.record.guarantee = StartGuarantee::AtLeastOnce;
        driver.assistantId = "asst_5";
        driver.step(0, Resume{});
        driver.step(0, ok(kThread));
        driver.step(0, ok(kMessage));
        driver.step(0, kUnknown);
        driver.assistantId.clear();
        play(driver, {{500, Timer{}, "PENDING FindAssistant wait 500"}, {500, Timer{}, kFind}});
        if (isFound) {
            driver.step(510, ok(kOwnAssistants));
            driver.step(510, Timer{});
            EXPECT_EQ(driver.record.phase, Phase::CreateRun);
        }
        play(driver, {{520, isFound ? answer(422, "") : answer(401, ""),
                       "FAILED FindLostRun wait 2520 !"}});
        EXPECT_FALSE(driver.last.mayFallBack);
    }
}

// --- the list ---

TEST(AssistantsList, IsReadWithoutTrust) {
    for (const char* body : {"", "{}", "[]", "x", R"({"data":7})", R"({"data":[7]})",
                             R"({"data":[{}]})", R"({"data":[{"id":"../x"}]})"}) {
        EXPECT_FALSE(readAssistants(body, "helper", "1")) << body;
    }
}

TEST(AssistantsList, TakesTheOldestOfSeveral) {
    const auto reply = readAssistants(
        R"({"data":[{"id":"asst_1","metadata":{"edgerun_assistant":"other"}},)"
        R"({"id":"asst_2","metadata":{"edgerun_assistant":"helper","edgerun_definition":"1"}},)"
        R"({"id":"asst_3","metadata":{"edgerun_assistant":"helper","edgerun_definition":"2"}}],)"
        R"("has_more":true})",
        "helper", "2");
    ASSERT_TRUE(reply && reply->id);
    EXPECT_EQ(reply->id->view(), "asst_2");
    EXPECT_FALSE(reply->isCurrent);
}

TEST(AssistantsList, HasAMarkOf16Digits) {
    EXPECT_EQ(definitionMark(0), "0000000000000000");
    EXPECT_EQ(definitionMark(UINT64_MAX), "ffffffffffffffff");
}

}  // namespace
}  // namespace edgerun::run::test
