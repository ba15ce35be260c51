#include <optional>
#include <random>

#include "run_chat_driver.h"

/// A job of chat completions is cut off at every one of its commands, before it is
/// performed or after it but before the answer is known, and carried on from its
/// record and its work alone.
namespace edgerun::run::test {
namespace {

/// A server, a tool and a client in one: says what is next after `rounds` rounds of calls.
struct World {
    int calls = 0;
    int toolCalls = 0;

    std::string perform(const Call& call, int rounds) {
        ++calls;
        EXPECT_EQ(call.path, "/chat/completions");
        std::size_t given = 0;
        for (std::size_t at = 0; (at = call.body.find(R"("role":"tool")", at)) != std::string::npos;
             ++at) {
            ++given;
        }
        EXPECT_EQ(given % 2, 0U) << "both outputs of each round: " << call.body;
        return std::string(static_cast<int>(given / 2) < rounds ? kCalling : kSaid);
    }
};

enum class Cut { Before, After };

struct CrashPoint {
    int command;  ///< the how-manieth one, waits included
    Cut cut;
};

struct Result {
    Driver driver{chatMachine()};
    World world;
    int commands = 0;
};

constexpr int kRounds = 2;

/// What comes of the command; nullopt: nothing more.
std::optional<Event> outcomeOf(Result& result, std::uint64_t& at, std::string& body) {
    const Command& command = result.driver.last.command;
    if (const auto* call = std::get_if<Call>(&command)) {
        body = result.world.perform(*call, kRounds);
        at += 5;
        return ok(body);
    }
    if (const auto* tools = std::get_if<ToolCalls>(&command)) {
        ++result.world.toolCalls;
        EXPECT_EQ(tools->calls.size(), 1U);
        return outputs({{tools->calls.front().id, "2"}});
    }
    if (const auto* wait = std::get_if<Wait>(&command)) {
        if (result.driver.record.phase == Phase::AwaitOutputs) {
            const ToolOutputs answer = outputs({{"call_b", "yes"}});
            EXPECT_TRUE(outputsFit(result.driver.work, answer));
            at += 100;
            return answer;
        }
        at = std::max(at, wait->until - kStart);
        return Timer{};
    }
    return std::nullopt;
}

/// The crashes are in the order of their commands.
void runWithCrashes(Result& result, StartGuarantee guarantee,
                    const std::vector<CrashPoint>& crashes, std::optional<int> cancelAt = {}) {
    static const Assistant assistant = describedAssistant();
    Driver& driver = result.driver;
    driver.described = &assistant;
    driver.record.guarantee = guarantee;
    driver.settings.keepThreads = kKeepForever;
    std::uint64_t at = 0;
    Event event = Resume{};
    std::string body;
    auto crash = crashes.begin();
    for (; result.commands < 100; ++result.commands) {
        driver.step(at, event);
        if (std::holds_alternative<Finished>(driver.last.command)) {
            return;
        }
        const bool isCut = crash != crashes.end() && crash->command == result.commands;
        if (!isCut || crash->cut == Cut::After) {
            event = outcomeOf(result, at, body).value();
        }
        if (isCut) {
            event = Resume{};
            at += 100;
            ++crash;
        }
        if (cancelAt == result.commands) {
            event = Cancel{};
        }
    }
}

std::vector<CrashPoint> pointsUpTo(int commands) {
    std::vector<CrashPoint> points;
    for (int command = 0; command < commands; ++command) {
        points.push_back({command, Cut::Before});
        points.push_back({command, Cut::After});
    }
    return points;
}

std::string describe(const CrashPoint& point) {
    return "crash " + std::string(point.cut == Cut::Before ? "before" : "after") + " command " +
           std::to_string(point.command);
}

constexpr const char* kWholeHistory = R"({"history":[{"role":"user","content":"What is \"it\"?"},)"
                                      R"({"role":"assistant","content":"42"}]})";

void expectAnswered(const Result& result) {
    const Driver& driver = result.driver;
    EXPECT_EQ(driver.record.status, JobStatus::Completed);
    EXPECT_EQ(driver.record.phase, Phase::Done);
    EXPECT_EQ(driver.record.toolRounds, kRounds);
    EXPECT_EQ(driver.record.usage.total, 22);
    EXPECT_EQ(driver.last.visible.value().answer, "42");
    EXPECT_EQ(driver.work, kWholeHistory);
}

/// Command numbers of a job without crashes: call, wait, tools, await, call, ...
bool isCall(int command) {
    return command % 4 == 0;
}

TEST(ChatResume, GoesThroughTwoRoundsOfTools) {
    Result result;
    runWithCrashes(result, StartGuarantee::Lookup, {});
    expectAnswered(result);
    EXPECT_EQ(result.commands, 9);
    EXPECT_EQ(result.world.calls, 3);
    EXPECT_EQ(result.world.toolCalls, 2);
}

TEST(ChatResume, FailsWhereTheAnswerToACallIsLostAndGoesOnEverywhereElse) {
    for (const StartGuarantee guarantee : {StartGuarantee::Lookup, StartGuarantee::AtMostOnce}) {
        for (const CrashPoint& point : pointsUpTo(9)) {
            SCOPED_TRACE(describe(point));
            Result result;
            runWithCrashes(result, guarantee, {point});
            if (!isCall(point.command)) {
                expectAnswered(result);
                EXPECT_EQ(result.world.calls, 3);
                continue;
            }
            EXPECT_EQ(result.driver.error().name, "StartOutcomeUnknown");
            EXPECT_EQ(result.driver.record.phase, Phase::Done);
            EXPECT_EQ(result.driver.work, R"({"history":[]})");
            EXPECT_LE(result.world.calls, point.command / 4 + 1) << "paid twice";
        }
    }
}

TEST(ChatResume, AsksAgainWhereTheGuaranteeSaysSo) {
    for (const CrashPoint& first : pointsUpTo(10)) {
        for (const CrashPoint& second : pointsUpTo(12)) {
            if (second.command <= first.command) {
                continue;
            }
            SCOPED_TRACE(describe(first) + ", " + describe(second));
            Result result;
            runWithCrashes(result, StartGuarantee::AtLeastOnce, {first, second});
            expectAnswered(result);
            EXPECT_LE(result.world.calls, 5);
        }
    }
}

TEST(ChatResume, EndsWhereverItIsCancelledAndTheCrashFollows) {
    for (int cancelAt = 0; cancelAt < 9; ++cancelAt) {
        for (const CrashPoint& point : pointsUpTo(11)) {
            SCOPED_TRACE(describe(point) + ", cancelled at " + std::to_string(cancelAt));
            Result result;
            runWithCrashes(result, StartGuarantee::AtLeastOnce, {point}, cancelAt);
            EXPECT_EQ(result.driver.record.status, JobStatus::Cancelled);
            EXPECT_EQ(result.driver.record.phase, Phase::Done);
            EXPECT_EQ(result.driver.work, R"({"history":[]})");
        }
    }
}

TEST(ChatResume, KeepsTheDeadlineOfTheFirstStart) {
    Driver driver(chatMachine());
    driver.record.guarantee = StartGuarantee::AtLeastOnce;
    begin(driver);
    play(driver, {{50'000, Resume{}, "RUNNING CreateRun wait 50500"}, {50'500, Timer{}, kSent}});
    EXPECT_EQ(driver.call().timeout, 39'500U);
    EXPECT_EQ(driver.record.startedWall, kStartWall);
}

TEST(ChatResume, KeepsTheStartThatAnotherProviderMade) {
    Driver driver(chatMachine());
    driver.record.status = JobStatus::Running;
    driver.record.startedWall = kStartWall - 7'000;
    begin(driver);
    EXPECT_EQ(driver.record.startedWall, kStartWall - 7'000);
}

// --- random walks ---

constexpr std::string_view kBodies[] = {
    kSaid,
    kCalling,
    "",
    "{}",
    "null",
    "<html>",
    R"({"choices":[]})",
    R"({"choices":[{"message":{}}]})",
    R"({"choices":[{"message":{"content":null},"finish_reason":"length"}]})",
    R"({"choices":[{"message":{"content":["x",{"type":"text","text":7}]}}]})",
    R"({"choices":[{"message":{"tool_calls":[{"function":{"name":"add"}}]}}]})",
    R"({"choices":[{"message":{"tool_calls":[{"function":{"name":"ask","arguments":"["}}]}}]})",
    R"({"choices":[{"message":{"tool_calls":[{"id":"call_a"},null]}}]})",
    R"({"choices":[{"message":{"tool_calls":[{"id":"\n","function":{"name":"\n"}}]}}]})",
    R"({"choices":[{"message":{"function_call":{}}}]})",
    R"({"choices":[{"message":{"content":"x"},"finish_reason":"error"}]})",
    R"({"error":{"code":429,"message":"Slow \u001b sk-abc"}})",
    R"({"error":"No"})",
    "{\"choices\":[{\"message\":{\"content\":\"\xFF\"}}]}",
};

constexpr int kStatuses[] = {200, 200, 200, 200, 201, 302, 400, 401, 404,
                             408, 409, 429, 500, 502, 503, 0,   999, -5};

class Walk {
public:
    explicit Walk(unsigned seed) : random_(seed) {
        driver_.described = oneIn(4) ? nullptr : &assistant_;
        driver_.settings.keepThreads = any({std::uint64_t{0}, std::uint64_t{5'000}, kKeepForever});
        driver_.settings.runTimeout = 20'000;
        driver_.settings.actionTimeout = 30'000;
        driver_.threadId = oneIn(3) ? "thread_0" : "";
        driver_.memory = oneIn(4) ? "" : R"({"history":[{"role":"user","content":"x"}]})";
        driver_.record.guarantee =
            any({StartGuarantee::Lookup, StartGuarantee::AtMostOnce, StartGuarantee::AtLeastOnce});
    }

    int run() {
        int steps = 0;
        driver_.step(at_, Resume{});
        while (!std::holds_alternative<Finished>(driver_.last.command) && steps < 5'000) {
            driver_.random = static_cast<std::uint32_t>(random_());
            const Event event = anyEvent();
            driver_.step(at_, event);
            ++steps;
        }
        return steps;
    }

    const Driver& driver() const { return driver_; }

private:
    bool oneIn(unsigned n) { return random_() % n == 0; }

    template <typename T, std::size_t N>
    const T& any(const T (&values)[N]) {
        return values[random_() % N];
    }

    Event anyEvent() {
        if (oneIn(200)) {
            return Cancel{};
        }
        if (oneIn(30)) {
            return Resume{};
        }
        if (oneIn(20)) {
            return outputs({{"call_a", "x"}, {"nobody's", "y"}});
        }
        const auto* wait = std::get_if<Wait>(&driver_.last.command);
        if (driver_.record.phase == Phase::AwaitOutputs && oneIn(2)) {
            return whole();
        }
        if (const auto* tools = std::get_if<ToolCalls>(&driver_.last.command)) {
            return tools->calls.empty() ? Event(Resume{}) : whole();
        }
        if (wait != nullptr && !oneIn(10)) {
            at_ = std::max(at_, wait->until - kStart);
            return Timer{};
        }
        at_ += random_() % 200;
        return oneIn(6) ? Event(any({kNotSent, kUnknown, kTooLarge})) : Event(anyResponse());
    }

    ToolOutputs whole() const {
        ToolOutputs all;
        for (const FunctionCall& call : roundOf(Work(driver_.work)).calls) {
            all.outputs.push_back({call.id, "done"});
        }
        return all;
    }

    Response anyResponse() {
        Response response = answer(any(kStatuses), any(kBodies));
        if (oneIn(8)) {
            response.retryAfter = random_() % 100'000;
        }
        if (oneIn(8)) {
            response.shouldRetry = oneIn(2);
        }
        return response;
    }

    std::mt19937 random_;
    Assistant assistant_ = describedAssistant();
    Driver driver_{chatMachine()};
    std::uint64_t at_ = 0;
};

TEST(ChatWalk, EndsWhateverHappens) {
    for (unsigned seed = 0; seed < 3'000; ++seed) {
        SCOPED_TRACE(seed);
        Walk walk(seed);
        EXPECT_LT(walk.run(), 5'000);
        EXPECT_TRUE(isFinal(walk.driver().record.status));
        EXPECT_EQ(walk.driver().record.phase, Phase::Done);
        const Record& record = walk.driver().record;
        EXPECT_EQ(record.keepsRequest,
                  walk.driver().settings.keepThreads == kKeepForever && !record.isThreadGone);
    }
}

}  // namespace
}  // namespace edgerun::run::test
