#include <random>

#include "run_responses_driver.h"

/// Random walks of the Responses machine with a hostile provider and a confused caller; seeded, so
/// that a failure can be repeated. And bodies that would take a careless reader long.
namespace edgerun::run::test::responses {
namespace {

const std::string kCompleted = completed();
const std::string kEmptyPage = page();
const std::string kDone = page(message("42") + "," + userMessage("What is \\\"it\\\"?"));
const std::string kOpen = page(functionCall("call_1") + "," + userMessage("x"));
const std::string kFailed = response("failed", "");

const std::string kBodies[] = {
    std::string(kConversation),
    std::string(kQueued),
    std::string(kInProgress),
    kCompleted,
    kTwoCalls,
    kOneCall,
    kSecondQueued,
    kSecond,
    kEmptyPage,
    kDone,
    kOpen,
    kFailed,
    std::string(kLocked),
    response("incomplete", functionCall("call_1")),
    response("cancelled", ""),
    response("odd\\u0000", ""),
    "",
    "{}",
    "[]",
    "null",
    "7",
    "<html>",
    R"({"id":"resp_1"})",
    R"({"id":"resp_1","status":"completed"})",
    R"({"id":"resp_1","status":"completed","output":{}})",
    R"({"id":"resp_1","status":"completed","output":[7,null,{},{"type":7},{"type":"message"}]})",
    R"({"id":"resp_1","status":"failed","error":{"code":1,"message":[]}})",
    R"({"id":"../../x","status":"queued"})",
    R"({"data":{}})",
    R"({"data":[null,7,"x",{},[],{"type":"message","role":7},{"type":"function_call"}]})",
    R"({"error":{"message":"Rate limit \u001b sk-abc","code":"insufficient_quota"}})",
    "{\"id\":\"resp_1\",\"status\":\"\xFF\"}",
};

constexpr int kStatuses[] = {200, 200, 200, 200, 200, 200, 201, 302, 400, 400, 401,
                             404, 405, 408, 409, 429, 500, 502, 503, 0,   999, -5};

class Walk {
public:
    explicit Walk(unsigned seed) : random_(seed) {
        driver_.described = &assistant_;
        Settings& settings = driver_.settings;
        settings.keepThreads = any({std::uint64_t{0}, std::uint64_t{5'000}, kKeepForever});
        settings.hasConversations = !oneIn(3);
        settings.runsInBackground = !oneIn(3);
        settings.runTimeout = 20'000;
        settings.actionTimeout = 20'000;
        driver_.isThreadWanted = oneIn(4);
        driver_.threadId = oneIn(3) ? "conv_1" : "";
        driver_.memory = oneIn(8) ? "" : R"({"last":"resp_0","responses":["resp_0"]})";
        driver_.record.guarantee =
            any({StartGuarantee::Lookup, StartGuarantee::AtMostOnce, StartGuarantee::AtLeastOnce});
    }

    /// Some thousand events until the job is over for everybody.
    int run() {
        int steps = 0;
        take(Resume{});
        while (!std::holds_alternative<Finished>(driver_.last.command) && steps < 5'000) {
            driver_.random = static_cast<std::uint32_t>(random_());
            take(anyEvent());
            ++steps;
        }
        return steps;
    }

    Driver& driver() { return driver_; }

private:
    bool oneIn(unsigned n) { return random_() % n == 0; }

    template <typename T, std::size_t N>
    const T& any(const T (&values)[N]) {
        return values[random_() % N];
    }

    Event anyEvent() {
        const auto* wait = std::get_if<Wait>(&driver_.last.command);
        const bool awaitsOutputs =
            driver_.record.phase == Phase::CallTools || driver_.record.phase == Phase::AwaitOutputs;
        if (oneIn(200)) {
            return Cancel{};
        }
        if (oneIn(20)) {
            return Resume{};
        }
        if (awaitsOutputs ? oneIn(2) : oneIn(100)) {
            return driver_.outputsOfWaitingCalls();
        }
        if (wait != nullptr && !oneIn(10)) {
            at_ = std::max(at_, wait->until - kStart);
            return Timer{};
        }
        at_ += random_() % 200;
        if (!oneIn(3)) {
            return ok(fitting());
        }
        return oneIn(4) ? Event(any({kNotSent, kUnknown, kTooLarge})) : Event(anyResponse());
    }

    std::string_view fitting() {
        const bool isFirst = driver_.record.toolRounds == 0;
        switch (driver_.record.phase) {
            case Phase::CreateThread:
                return kConversation;
            case Phase::FindMessage:
                return kEmptyPage;
            case Phase::FindRun:
            case Phase::FindLostRun:
                return oneIn(2) ? kDone : oneIn(2) ? kOpen : kEmptyPage;
            case Phase::CreateRun:
                return oneIn(4) ? (isFirst ? kTwoCalls : kSecond)
                                : std::string_view(isFirst ? kQueued : kSecondQueued);
            case Phase::PollRun:
                return !oneIn(4) ? kInProgress : std::string_view(isFirst ? kTwoCalls : kSecond);
            default:
                return "{}";
        }
    }

    Response anyResponse() {
        Response response = answer(any(kStatuses), any(kBodies));
        if (oneIn(8)) {
            response.retryAfter = any({std::uint64_t{0}, std::uint64_t{900}, UINT64_MAX});
        }
        if (oneIn(8)) {
            response.pollAfter = any({std::uint64_t{0}, std::uint64_t{900}, UINT64_MAX});
        }
        if (oneIn(16)) {
            response.shouldRetry = oneIn(2);
        }
        return response;
    }

    void take(const Event& event) {
        learn(event);
        driver_.step(at_, event);
        const auto* call = std::get_if<Call>(&driver_.last.command);
        if (call != nullptr && driver_.record.phase == Phase::CreateRun) {
            EXPECT_TRUE(!mayHaveStarted_ || driver_.record.guarantee == StartGuarantee::AtLeastOnce)
                << "a response was started blindly";
            mayHaveStarted_ = true;
        }
    }

    /// What a sober reader may conclude from the event about the last start.
    void learn(const Event& event) {
        if (!std::holds_alternative<Call>(driver_.last.command)) {
            return;
        }
        const auto* response = std::get_if<Response>(&event);
        const auto* failure = std::get_if<TransportFailure>(&event);
        const bool isRefused =
            (response != nullptr &&
             ((response->status >= 300 && response->status < 500) || response->body == kLocked)) ||
            (failure != nullptr && failure->kind == TransportFailure::Kind::NotSent);
        const bool isSuccess = response != nullptr && response->status / 100 == 2;
        switch (driver_.record.phase) {
            case Phase::CreateRun:
                // One that is answered is followed; the next one belongs to another round.
                mayHaveStarted_ = mayHaveStarted_ && !isRefused && !isSuccess;
                break;
            case Phase::FindRun:
                mayHaveStarted_ = mayHaveStarted_ && !isSuccess;
                break;
            default:
                break;
        }
    }

    std::mt19937 random_;
    Assistant assistant_ = helper();
    Driver driver_ = driverOf();
    std::uint64_t at_ = 0;
    bool mayHaveStarted_ = false;
};

TEST(ResponsesWalk, EndsAndNeverStartsAResponseBlindly) {
    int completedJobs = 0;
    int rounds = 0;
    for (unsigned seed = 0; seed < 3'000 && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Walk walk(seed);
        const int steps = walk.run();
        const Record& record = walk.driver().record;
        EXPECT_LT(steps, 3'000);
        EXPECT_EQ(record.phase, Phase::Done);
        EXPECT_LE(record.rounds, 17U);
        EXPECT_FALSE(holdsThread(record));
        completedJobs += record.status == JobStatus::Completed ? 1 : 0;
        rounds += record.toolRounds;
    }
    EXPECT_GT(completedJobs, 200) << "the walks must get somewhere";
    EXPECT_GT(rounds, 200) << "the walks must get somewhere";
}

TEST(ResponsesWalk, IsOverSoonAfterItsDeadlinesFromAnywhere) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        Driver driver = driverOf();
        std::uint64_t at = 0;
        driver.step(0, Resume{});
        for (unsigned i = random() % 30; i > 0; --i) {
            const auto* wait = std::get_if<Wait>(&driver.last.command);
            at = wait != nullptr ? std::max(at, wait->until - kStart) : at + 7;
            const std::string_view body = kBodies[random() % 12];
            driver.step(at, wait != nullptr ? Event(Timer{}) : Event(ok(body)));
        }
        for (int i = 0; i < 4 && driver.record.phase != Phase::Done; ++i) {
            driver.step(std::max(at, driver.record.deadline - kStart), ok("{}"));
        }
        EXPECT_TRUE(isFinal(driver.record.status));
        EXPECT_EQ(nameOf(driver.last.command), "finished");
    }
}

// --- bodies that are long ---

std::string repeated(const std::string& item, std::size_t count) {
    std::string list;
    list.reserve((item.size() + 1) * count);
    for (std::size_t i = 0; i < count; ++i) {
        list += i > 0 ? "," : "";
        list += item;
    }
    return list;
}

/// What is quadratic would take minutes here.
TEST(ResponsesBodies, AreReadInTimeThatTheirLengthBounds) {
    constexpr std::size_t kMany = 15'000;
    const std::string items[] = {
        R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"})",
        R"({"type":"function_call","name":"f"})",
        R"({"type":"message","id":"m","content":[{"type":"output_text","text":"a"}]})",
        R"({"type":"message","content":[{"annotations":[{"file_id":"f"},{"file_id":"g"}]}]})",
        R"({"type":"code_interpreter_call","code":"x","outputs":[{"type":"logs","logs":"l"}]})",
        R"({"type":"file_search_call","results":[{"file_id":"f"}]})",
        R"({"type":"function_call_output","call_id":"c"})",
        R"({"type":"message","role":"user","content":"q"})",
    };
    for (const std::string& item : items) {
        const std::string body = response("completed", repeated(item, kMany));
        const std::string list = page(repeated(item, kMany));
        Driver driver = driverOf();
        playToPoll(driver);
        driver.step(1220, Timer{});
        driver.step(1230, ok(body));
        EXPECT_LT(driver.work.size(), 200'000U);
        Driver looking = driverOf();
        looking.step(0, Resume{});
        looking.step(10, ok(kConversation));
        looking.step(20, kUnknown);
        looking.step(2020, Timer{});
        looking.step(2030, ok(list));
        EXPECT_LT(looking.work.size(), 200'000U);
    }
}

TEST(ResponsesBodies, MayNotBeDeep) {
    const std::string deep = std::string(200, '[') + std::string(200, ']');
    const std::string body = response("completed", deep);
    Driver driver = driverOf();
    playToPoll(driver);
    driver.step(1220, Timer{});
    play(driver, {{1230, ok(body), "RUNNING PollRun wait 1730"}});
}

}  // namespace
}  // namespace edgerun::run::test::responses
