#include "run_chat_driver.h"

/// Calls for chat completions that do not give an answer: what is tried again, what
/// ends the job, and what another provider may take.
namespace edgerun::run::test {
namespace {

constexpr StartGuarantee kGuarantees[] = {StartGuarantee::Lookup, StartGuarantee::AtMostOnce,
                                          StartGuarantee::AtLeastOnce};

Driver& guaranteed(Driver& driver, StartGuarantee guarantee) {
    driver.record.guarantee = guarantee;
    begin(driver);
    return driver;
}

Response hinted(int status, std::optional<bool> shouldRetry,
                std::optional<std::uint64_t> retryAfter = {}) {
    Response response = answer(status, "");
    response.shouldRetry = shouldRetry;
    response.retryAfter = retryAfter;
    return response;
}

constexpr std::string_view kSpent =
    R"({"error":{"message":"Pay, see org-1","code":"insufficient_quota"}})";
constexpr std::string_view kHtml = "<html>";
constexpr std::string_view kRouted = R"({"error":{"code":502,"message":"Behind me sk-123"}})";
constexpr std::string_view kRoutedRefusal = R"({"error":{"code":400,"message":"Too long"}})";
constexpr std::string_view kOddError = R"({"error":{"code":"x","message":"No"}})";

enum class Next {
    Again,
    FallBack,  ///< fails, and another provider may take it
    Fail,
    Unknown,  ///< StartOutcomeUnknown
};

struct FailureRow {
    const char* what;
    Event event;
    Next next[3];  ///< with lookup, at_most_once, at_least_once
    const char* error;
};

const FailureRow kRows[] = {
    {"refused connection",
     kNotSent,
     {Next::Again, Next::Again, Next::Again},
     "ProviderUnavailable"},
    {"lost", kUnknown, {Next::Unknown, Next::Unknown, Next::Again}, "ProviderUnavailable"},
    {"too large", kTooLarge, {Next::Fail, Next::Fail, Next::Fail}, "ProviderError"},
    {"429", answer(429, ""), {Next::Again, Next::Again, Next::Again}, "RateLimited"},
    {"408", answer(408, ""), {Next::Again, Next::Again, Next::Again}, "ProviderUnavailable"},
    {"409", answer(409, ""), {Next::Again, Next::Again, Next::Again}, "ProviderError"},
    {"spent", answer(429, kSpent), {Next::FallBack, Next::FallBack, Next::FallBack}, "RateLimited"},
    {"429 for good",
     hinted(429, false),
     {Next::FallBack, Next::FallBack, Next::FallBack},
     "RateLimited"},
    {"400", answer(400, ""), {Next::Fail, Next::Fail, Next::Fail}, "ProviderError"},
    {"400 for now", hinted(400, true), {Next::Again, Next::Again, Next::Again}, "ProviderError"},
    {"413", answer(413, ""), {Next::Fail, Next::Fail, Next::Fail}, "ProviderError"},
    {"422", answer(422, ""), {Next::Fail, Next::Fail, Next::Fail}, "ProviderError"},
    {"401", answer(401, ""), {Next::FallBack, Next::FallBack, Next::FallBack}, "ProviderError"},
    {"403", answer(403, ""), {Next::FallBack, Next::FallBack, Next::FallBack}, "ProviderError"},
    {"404", answer(404, ""), {Next::FallBack, Next::FallBack, Next::FallBack}, "ProviderError"},
    {"302", answer(302, ""), {Next::FallBack, Next::FallBack, Next::FallBack}, "ProviderError"},
    {"500", answer(500, kHtml), {Next::Again, Next::Unknown, Next::Again}, "ProviderUnavailable"},
    {"502", answer(502, ""), {Next::Again, Next::Unknown, Next::Again}, "ProviderUnavailable"},
    {"503", answer(503, ""), {Next::Again, Next::Unknown, Next::Again}, "ProviderUnavailable"},
    {"504", answer(504, ""), {Next::Again, Next::Unknown, Next::Again}, "ProviderUnavailable"},
    {"500 for good",
     hinted(500, false),
     {Next::FallBack, Next::Unknown, Next::FallBack},
     "ProviderUnavailable"},
    {"nonsense", ok(kHtml), {Next::Fail, Next::Fail, Next::Again}, "ProviderError"},
    {"200 for 502", ok(kRouted), {Next::Again, Next::Unknown, Next::Again}, "ProviderUnavailable"},
    {"200 for 400", ok(kRoutedRefusal), {Next::Fail, Next::Fail, Next::Fail}, "ProviderError"},
    {"200 for no status",
     ok(R"({"error":{"code":700,"message":"No"}})"),
     {Next::FallBack, Next::FallBack, Next::FallBack},
     "ProviderError"},
    {"200 for an error",
     ok(kOddError),
     {Next::FallBack, Next::FallBack, Next::FallBack},
     "ProviderError"},
};

void expectNext(Driver& driver, const FailureRow& row, Next next) {
    if (next == Next::Again) {
        EXPECT_EQ(nameOf(driver.last), "RUNNING CreateRun wait 510");
        play(driver, {{510, Timer{}, kSent}});
        return;
    }
    EXPECT_EQ(nameOf(driver.last), "FAILED Done finished !");
    EXPECT_EQ(driver.error().name, next == Next::Unknown ? "StartOutcomeUnknown" : row.error);
    EXPECT_EQ(driver.error().statusCode, 502);
    EXPECT_EQ(driver.last.mayFallBack, next == Next::FallBack);
    EXPECT_FALSE(driver.last.parting);
}

TEST(ChatMachineOnFailure, DoesWhatTheOutcomeAndTheGuaranteeAllow) {
    for (const FailureRow& row : kRows) {
        for (std::size_t i = 0; i < std::size(kGuarantees); ++i) {
            SCOPED_TRACE(std::string(row.what) + ", guarantee " + std::to_string(i));
            Driver driver(chatMachine());
            guaranteed(driver, kGuarantees[i]).step(10, row.event);
            EXPECT_FALSE(driver.last.note.empty()) << "the operator is told";
            expectNext(driver, row, row.next[i]);
        }
    }
}

TEST(ChatMachineOnFailure, TriesFourTimesAndLeavesTheJobToAnotherProvider) {
    for (const FailureRow& row : kRows) {
        if (row.next[0] != Next::Again) {
            continue;
        }
        SCOPED_TRACE(row.what);
        Driver driver(chatMachine());
        begin(driver);
        const std::string first = driver.call().body;
        std::uint64_t at = 0;
        for (const std::uint64_t pause : {500, 1000, 2000}) {
            driver.step(at, row.event);
            at += pause;
            EXPECT_EQ(nameOf(driver.last.command), "wait " + std::to_string(at));
            driver.step(at, Timer{});
            EXPECT_EQ(driver.call().body, first);
        }
        driver.step(at, row.event);
        EXPECT_EQ(driver.error().name, row.error);
        EXPECT_EQ(driver.last.mayFallBack, std::string_view(row.what) != "400 for now");
    }
}

TEST(ChatMachineOnFailure, DoesNotLeaveAJobToAnotherProviderThatMayHaveBeenAnswered) {
    Driver driver(chatMachine());
    guaranteed(driver, StartGuarantee::AtLeastOnce);
    std::uint64_t at = 0;
    while (!isFinal(driver.record.status)) {
        driver.step(at, kUnknown);
        at += 5'000;
        driver.step(at, Timer{});
    }
    EXPECT_EQ(at, 20'000U);
    EXPECT_FALSE(driver.last.mayFallBack);
}

TEST(ChatMachineOnFailure, DoesNotLeaveAJobToAnotherProviderOnceToolsWereCalled) {
    for (const Event& event : {Event(kNotSent), Event(answer(401, "")), Event(answer(500, ""))}) {
        const Assistant assistant = describedAssistant();
        Driver driver(chatMachine());
        driver.described = &assistant;
        driver.settings.retries = 0;
        begin(driver);
        driver.step(10, ok(completion(R"({"tool_calls":[{"function":{"name":"add"}}]})")));
        driver.step(10, Timer{});
        driver.step(20, outputs({{"call_1_1", "2"}}));
        ASSERT_EQ(nameOf(driver.last), kSent);
        driver.step(30, event);
        EXPECT_EQ(driver.record.status, JobStatus::Failed);
        EXPECT_FALSE(driver.last.mayFallBack);
    }
}

TEST(ChatMachineOnFailure, ObeysRetryAfter) {
    Driver driver(chatMachine());
    begin(driver);
    play(driver, {{10, hinted(503, {}, 7'000), "RUNNING CreateRun wait 7010"},
                  {7010, Timer{}, kSent},
                  {7020, hinted(503, {}, 83'000), "FAILED Done finished !"}});
    EXPECT_NE(driver.error().message.find("longer pause than the run has time left"),
              std::string::npos);
    EXPECT_TRUE(driver.last.mayFallBack);
}

TEST(ChatMachineOnFailure, TellsClientsWhatAnErrorInA200Means) {
    Driver driver(chatMachine());
    driver.settings.retries = 0;
    begin(driver);
    driver.step(10, ok(kRouted));
    EXPECT_EQ(driver.error().message,
              "could not start the run: the provider answered 502: Behind me [hidden]");
    Driver odd(chatMachine());
    begin(odd);
    odd.step(10, ok(kOddError));
    EXPECT_EQ(odd.error().message, "could not start the run: the provider answered 200: No");
    Driver bare(chatMachine());
    begin(bare);
    bare.step(10, ok(R"({"error":"Nope"})"));
    EXPECT_EQ(bare.error().message, "could not start the run: the provider answered 200: Nope");
}

TEST(ChatMachineOnFailure, TellsTheOperatorWhyARunFailedHalfWay) {
    Driver driver(chatMachine());
    begin(driver);
    driver.step(10, ok(R"({"choices":[{"message":{"content":"4"},"finish_reason":"error",)"
                       R"("error":{"message":"Out of memory"}}]})"));
    EXPECT_EQ(driver.last.note, "the run failed: Out of memory");
}

TEST(ChatMachineOnFailure, LeavesAJobThatMayBeStartedTwiceToAnotherProviderAfterNonsense) {
    Driver driver(chatMachine());
    driver.settings.retries = 0;
    guaranteed(driver, StartGuarantee::AtLeastOnce);
    play(driver, {{10, ok(kHtml), "FAILED Done finished !"}});
    EXPECT_TRUE(driver.last.mayFallBack);
}

TEST(ChatMachineOnFailure, TellsThatARunMayHaveBeenPaidForNothing) {
    Driver driver(chatMachine());
    begin(driver);
    driver.step(10, kUnknown);
    EXPECT_EQ(driver.error().message,
              "could not start the run: no whole response came from the provider: it broke; "
              "the run may have been started and is not tried again");
}

TEST(ChatMachineOnFailure, IgnoresAnAnswerThatNobodyWaitsFor) {
    Driver driver(chatMachine());
    begin(driver);
    play(driver, {{10, answer(429, ""), "RUNNING CreateRun wait 510"},
                  {20, ok(kSaid), "RUNNING CreateRun wait 510"},
                  {30, kUnknown, "RUNNING CreateRun wait 510"},
                  {510, Timer{}, kSent}});
}

TEST(ChatMachineOnFailure, TakesAnyBodyForWhatItIs) {
    constexpr std::string_view bodies[] = {
        "",
        "null",
        "7",
        "[]",
        "{}",
        R"({"choices":null})",
        R"({"choices":[]})",
        R"({"choices":{}})",
        R"({"choices":[null]})",
        R"({"choices":["x"]})",
        R"({"choices":[{}]})",
        R"({"choices":[{"message":null}]})",
        R"({"choices":[{"message":"x"}]})",
        R"({"choices":[{"message":[]}]})",
        R"({"choices":[{"message":{"content":"x"}}])",
        R"({"choices":[{"message":{"content":"x"}}]}})",
        "{\"choices\":[{\"message\":{\"content\":\"\xFF\"}}]}",
        R"({"error":null})",
        R"({"error":7})",
        R"({"error":[]})",
    };
    for (const std::string_view body : bodies) {
        SCOPED_TRACE(body);
        Driver driver(chatMachine());
        begin(driver);
        play(driver, {{10, ok(body), "FAILED Done finished !"}});
        EXPECT_EQ(driver.error().message,
                  "could not start the run: the provider's response is not what its API promises");
    }
}

TEST(ChatMachineOnFailure, IsNotKeptBusyByAHugeBody) {
    for (const std::string& piece : {std::string("["), std::string("{\"a\":"), std::string("[],"),
                                     std::string("\\\\\""), std::string("\"a\",")}) {
        std::string body = R"({"choices":[)";
        while (body.size() < 4'000'000) {
            body += piece;
        }
        Driver driver(chatMachine());
        begin(driver);
        play(driver, {{10, ok(body), "FAILED Done finished !"}});
    }
}

}  // namespace
}  // namespace edgerun::run::test
