#include <array>
#include <random>

#include "run_driver.h"

/// Random walks with a hostile provider and a confused caller. Seeded, so that
/// a failure can be repeated.
namespace edgerun::run::test {
namespace {

constexpr std::string_view kNeedsAction =
    R"({"id":"run_1","status":"requires_action","required_action":{"submit_tool_outputs":)"
    R"({"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]}}})";
constexpr std::string_view kNeedsBoth =
    R"({"id":"run_1","status":"requires_action","required_action":{"submit_tool_outputs":)"
    R"({"tool_calls":[{"id":"c","function":{"name":"here","arguments":"{}"}},)"
    R"({"id":"d","function":{"name":"there","arguments":"{}"}},)"
    R"({"id":"e","function":{"name":"here","arguments":"["}}]}}})";
constexpr std::string_view kOldAssistants =
    R"({"data":[{"id":"asst_5","metadata":{"edgerun_assistant":"helper"}}],"has_more":false})";
constexpr std::string_view kManyAssistants = R"({"data":[{"id":"asst_4"}],"has_more":true})";

constexpr std::string_view kBodies[] = {
    kThread,
    kMessage,
    kNothing,
    kQueued,
    kInProgress,
    kCompleted,
    kOwnRuns,
    kForeignRuns,
    kAnswer,
    kBusyRun,
    "",
    "{}",
    "[]",
    "null",
    "7",
    "\"x\"",
    "<html>",
    "{\"id\":\"run_1\"}",
    R"({"id":"run_1","status":"requires_action"})",
    kNeedsAction,
    kNeedsBoth,
    kAssistant,
    kOwnAssistants,
    kOldAssistants,
    kManyAssistants,
    R"({"id":"run_1","status":"failed","last_error":{"code":1,"message":[]}})",
    R"({"id":"run_1","status":"expired"})",
    R"({"id":"run_1","status":"cancelled"})",
    R"({"id":"run_1","status":"incomplete","incomplete_details":{"reason":"\u0000"}})",
    R"({"id":"../../x","status":"queued"})",
    R"({"data":{}})",
    R"({"data":[null,7,"x",{},[]]})",
    R"({"data":[{"id":"msg_1","role":"assistant","content":7}]})",
    R"({"error":{"message":"Rate limit \u001b sk-abc","code":"insufficient_quota"}})",
    "{\"id\":\"run_1\",\"status\":\"\xFF\"}",
};

constexpr int kStatuses[] = {200, 200, 200, 200, 200, 200, 201, 302, 400, 401, 404,
                             408, 409, 429, 429, 500, 502, 503, 0,   999, -5};

class Walk {
public:
    explicit Walk(unsigned seed) : random_(seed) {
        driver_.settings.keepThreads =
            any({std::uint64_t{0}, std::uint64_t{0}, std::uint64_t{5000}, kKeepForever});
        driver_.settings.asksForSteps = oneIn(2);
        driver_.described = oneIn(2) ? &helper_ : nullptr;
        driver_.threadId = oneIn(4) ? "thread_1" : "";
        driver_.settings.runTimeout = 20'000;
        driver_.record.guarantee =
            any({StartGuarantee::Lookup, StartGuarantee::AtMostOnce, StartGuarantee::AtLeastOnce});
    }

    /// Some thousand events until the job is over for everybody.
    int run() {
        int steps = 0;
        take(Resume{});
        while (!std::holds_alternative<Finished>(driver_.last.command) && steps < 5'000) {
            driver_.random = static_cast<std::uint32_t>(random_());
            driver_.maySetUpAssistant = !oneIn(4);
            driver_.isThreadWanted = oneIn(4);
            driver_.assistantId = oneIn(20) ? "" : oneIn(20) ? "asst_6" : driver_.assistantId;
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
        const bool awaitsOutputs = std::holds_alternative<ToolCalls>(driver_.last.command) ||
                                   driver_.record.phase == Phase::AwaitOutputs;
        if (oneIn(200)) {
            return Cancel{};
        }
        if (oneIn(20)) {
            return Resume{};
        }
        if (awaitsOutputs ? !oneIn(4) : oneIn(50)) {
            at_ += random_() % 200;
            return anyOutputs();
        }
        if (wait != nullptr && !oneIn(10)) {
            at_ = std::max(at_, wait->until - kStart);
            return Timer{};
        }
        at_ += random_() % 200;
        if (!oneIn(3)) {
            return ok(fitting());
        }
        return oneIn(4) ? Event(anyFailure()) : Event(anyResponse());
    }

    Event anyOutputs() {
        ToolOutputs outputs = driver_.outputsOfWaitingCalls();
        if (oneIn(4) && !outputs.outputs.empty()) {
            outputs.outputs.pop_back();
        }
        if (oneIn(8)) {
            outputs.outputs.push_back({"stranger", std::string("\0", 1)});
        }
        return outputs;
    }

    std::string_view fitting() {
        switch (driver_.record.phase) {
            case Phase::CreateThread:
                return kThread;
            case Phase::AddMessage:
                return kMessage;
            case Phase::FindMessage:
            case Phase::FindRun:
            case Phase::FindLostRun:
                return oneIn(2) ? kOwnRuns : kNothing;
            case Phase::CreateRun:
                return kQueued;
            case Phase::PollRun:
                return oneIn(4) ? any({kCompleted, kNeedsAction, kNeedsBoth}) : kInProgress;
            case Phase::ListMessages:
                return kAnswer;
            case Phase::FindAssistant:
                return any({kOwnAssistants, kOldAssistants, kManyAssistants, kNothing});
            case Phase::CreateAssistant:
            case Phase::UpdateAssistant:
                return kAssistant;
            case Phase::SubmitOutputs:
                return oneIn(2) ? kQueued : kNeedsAction;
            case Phase::ListSteps:
                return kNothing;
            case Phase::CallTools:
            case Phase::AwaitOutputs:
            case Phase::CancelRun:
            case Phase::DeleteRun:
            case Phase::DeleteThread:
            case Phase::Done:
                return "{}";
        }
        return "";
    }

    TransportFailure anyFailure() { return any({kNotSent, kUnknown, kTooLarge}); }

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
        const bool startsRun = call != nullptr && driver_.record.phase == Phase::CreateRun;
        const auto phase = static_cast<std::size_t>(driver_.record.phase);
        if (driver_.record.phase == Phase::CallTools) {
            isUnsettled_.fill(false);  // a new round: the outputs of the last one have come
        }
        if (call != nullptr && call->once && !startsRun) {
            EXPECT_FALSE(isUnsettled_[phase]) << "repeated blindly: " << nameOf(driver_.last);
            isUnsettled_[phase] = true;
        } else if (call != nullptr && call->method == Method::Get) {
            isUnsettled_.fill(false);  // whatever it was, somebody has a look
        }
        if (startsRun) {
            EXPECT_TRUE(!mayHaveStarted_ || driver_.record.guarantee == StartGuarantee::AtLeastOnce)
                << "a run was started blindly";
            mayHaveStarted_ = true;
        }
    }

    /// What a sober reader may conclude from the event about the last start.
    void learn(const Event& event) {
        const auto* response = std::get_if<Response>(&event);
        const auto* failure = std::get_if<TransportFailure>(&event);
        const bool tellsOfTheRun = response != nullptr && response->status / 100 == 2 &&
                                   (response->body == kNeedsAction || response->body == kNeedsBoth);
        if (tellsOfTheRun) {
            isUnsettled_.fill(false);
        }
        const bool hasCall = std::holds_alternative<Call>(driver_.last.command);
        if (!hasCall) {
            return;
        }
        const bool isRefused =
            (response != nullptr && response->status >= 300 && response->status < 500) ||
            (failure != nullptr && failure->kind == TransportFailure::Kind::NotSent);
        if (isRefused) {
            isUnsettled_[static_cast<std::size_t>(driver_.record.phase)] = false;
        }
        if (driver_.record.phase == Phase::CreateRun) {
            mayHaveStarted_ = mayHaveStarted_ && !isRefused;
        }
        if (driver_.record.phase == Phase::FindRun && response != nullptr &&
            response->status / 100 == 2 &&
            (response->body == kNothing || response->body == kForeignRuns)) {
            mayHaveStarted_ = false;
        }
    }

    std::mt19937 random_;
    const Assistant helper_ = helper();
    Driver driver_;
    std::uint64_t at_ = 0;
    bool mayHaveStarted_ = false;
    std::array<bool, 32> isUnsettled_{};  ///< by phase: a once-only call of unknown outcome
};

TEST(AssistantsWalk, EndsAndNeverStartsARunBlindly) {
    int completed = 0;
    int started = 0;
    for (unsigned seed = 0; seed < 3'000 && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Walk walk(seed);
        const int steps = walk.run();
        EXPECT_LT(steps, 3'000);
        EXPECT_EQ(walk.driver().record.phase, Phase::Done);
        EXPECT_LE(walk.driver().record.rounds, 4U);
        completed += walk.driver().record.status == JobStatus::Completed ? 1 : 0;
        started += walk.driver().record.startedWall != 0 ? 1 : 0;
    }
    EXPECT_GT(started, 100) << "the walks must get somewhere";
    EXPECT_GT(completed, 10) << "the walks must get somewhere";
}

TEST(AssistantsWalk, IsOverTwoEventsAfterItsDeadlinesFromAnywhere) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        std::mt19937 random(seed);
        Driver driver;
        std::uint64_t at = 0;
        driver.step(0, Resume{});
        for (unsigned i = random() % 30; i > 0; --i) {
            const auto* wait = std::get_if<Wait>(&driver.last.command);
            at = wait != nullptr ? std::max(at, wait->until - kStart) : at + 7;
            const std::string_view body = kBodies[random() % 9];
            driver.step(at, wait != nullptr ? Event(Timer{}) : Event(ok(body)));
        }
        driver.step(std::max(at, driver.record.deadline - kStart), ok(kAnswer));
        EXPECT_TRUE(isFinal(driver.record.status));
        driver.step(std::max(at, driver.record.deadline - kStart), ok(kAnswer));
        EXPECT_EQ(nameOf(driver.last.command), "finished");
    }
}

}  // namespace
}  // namespace edgerun::run::test
