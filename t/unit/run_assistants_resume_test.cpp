#include <optional>

#include "run_driver.h"

/// Deterministic crash points: a job is cut off at every one of its commands,
/// before it is performed or after it but before the answer is known, and is
/// carried on from its record.
namespace edgerun::run::test {
namespace {

/// Just enough of a provider to tell whether something was done twice.
class Provider {
public:
    int threads = 0;
    int messages = 0;
    int runs = 0;
    int cancels = 0;
    int polls = 0;
    bool threadExists = false;

    std::string perform(const Call& call) {
        const bool isPost = call.method == Method::Post;
        if (call.method == Method::Delete) {
            threadExists = false;
            return "{}";
        }
        if (isPost && call.path == "/threads") {
            ++threads;
            threadExists = true;
            return std::string(kThread);
        }
        if (isPost && endsWith(call.path, "/messages")) {
            ++messages;
            return std::string(kMessage);
        }
        if (isPost && endsWith(call.path, "/runs")) {
            ++runs;
            return std::string(kQueued);
        }
        if (isPost) {
            ++cancels;
            return std::string(kInProgress);
        }
        return read(call.path);
    }

private:
    static bool endsWith(std::string_view text, std::string_view end) {
        return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
    }

    std::string read(const std::string& path) {
        if (path == kRunsPage) {
            return std::string(runs > 0 ? kOwnRuns : kNothing);
        }
        if (path == kMessagesPage) {
            return messages > 0 ? R"({"data":[{"id":"msg_1","role":"user",)"
                                  R"("metadata":{"edgerun_job":"job1"}}]})"
                                : std::string(kNothing);
        }
        if (path == kAnswerPage) {
            return std::string(kAnswer);
        }
        return std::string(++polls >= 2 ? kCompleted : kInProgress);
    }
};

enum class Cut { BeforeCall, AfterCall };

struct CrashPoint {
    int command;  ///< the how-manieth one, waits included
    Cut cut;
};

struct Result {
    Record record;
    Provider provider;
    int commands = 0;
};

/// Runs a job to its end; the crashes are in the order of their commands.
Result runWithCrashes(const std::vector<CrashPoint>& crashes, std::optional<int> cancelAt = {}) {
    Driver driver;
    Result result;
    std::uint64_t at = 0;
    Event event = Resume{};
    std::string body;
    auto crash = crashes.begin();
    for (;;) {
        driver.step(at, event);
        const bool isCut = crash != crashes.end() && crash->command == result.commands;
        const auto* call = std::get_if<Call>(&driver.last.command);
        if (std::holds_alternative<Finished>(driver.last.command) || result.commands > 100) {
            break;
        }
        if (call != nullptr && (!isCut || crash->cut == Cut::AfterCall)) {
            body = result.provider.perform(*call);
            at += 5;
        }
        if (isCut) {
            event = Resume{};
            at += 100;
            ++crash;
        } else if (call != nullptr) {
            event = ok(body);
        } else {
            event = Timer{};
            at = std::max(at, std::get<Wait>(driver.last.command).until - kStart);
        }
        if (cancelAt && *cancelAt == result.commands) {
            event = Cancel{};
        }
        ++result.commands;
    }
    result.record = driver.record;
    return result;
}

std::string describe(const CrashPoint& point) {
    return "crash " + std::string(point.cut == Cut::BeforeCall ? "before" : "after") + " command " +
           std::to_string(point.command);
}

void expectOneOfEach(const Result& result) {
    EXPECT_EQ(result.record.status, JobStatus::Completed);
    EXPECT_EQ(result.record.phase, Phase::Done);
    EXPECT_EQ(result.provider.messages, 1);
    EXPECT_EQ(result.provider.runs, 1);
    EXPECT_FALSE(result.provider.threadExists);
}

std::vector<CrashPoint> pointsUpTo(int commands) {
    std::vector<CrashPoint> points;
    for (int command = 0; command < commands; ++command) {
        points.push_back({command, Cut::BeforeCall});
        points.push_back({command, Cut::AfterCall});
    }
    return points;
}

TEST(AssistantsResume, StartsOneRunWhateverCommandTheCrashHits) {
    const int commands = runWithCrashes({}).commands;
    ASSERT_EQ(commands, 9);
    for (const CrashPoint& point : pointsUpTo(commands)) {
        SCOPED_TRACE(describe(point));
        expectOneOfEach(runWithCrashes({point}));
    }
}

TEST(AssistantsResume, StartsOneRunWhateverTwoCommandsTheCrashesHit) {
    for (const CrashPoint& first : pointsUpTo(12)) {
        for (const CrashPoint& second : pointsUpTo(14)) {
            if (second.command > first.command) {
                SCOPED_TRACE(describe(first) + ", " + describe(second));
                expectOneOfEach(runWithCrashes({first, second}));
            }
        }
    }
}

TEST(AssistantsResume, CleansUpWhereverTheJobIsCancelledAndTheCrashFollows) {
    for (int cancelAt = 1; cancelAt < 8; ++cancelAt) {
        for (const CrashPoint& point : pointsUpTo(12)) {
            SCOPED_TRACE(describe(point) + ", cancelled at " + std::to_string(cancelAt));
            const Result result = runWithCrashes({point}, cancelAt);
            EXPECT_TRUE(isFinal(result.record.status));
            EXPECT_EQ(result.record.phase, Phase::Done);
            EXPECT_LE(result.provider.runs, 1);
            // An empty thread whose id was lost with its reply cannot be named.
            EXPECT_TRUE(!result.provider.threadExists || result.record.threadId.empty());
            if (result.record.status == JobStatus::Cancelled && result.provider.polls < 2) {
                EXPECT_GE(result.provider.cancels, result.provider.runs) << "a run goes on";
            }
        }
    }
}

struct ResumeRow {
    std::vector<Event> events;  ///< one each 10 ms
    const char* resumed;        ///< 100 ms after the last
};

TEST(AssistantsResume, DoesInEachPhaseWhatTheRecordAsksFor) {
    const ResumeRow rows[] = {
        {{Resume{}}, "PENDING CreateThread POST /threads"},
        {{Resume{}, ok(kThread)}, "PENDING FindMessage wait 610"},
        {{Resume{}, ok(kThread), kNotSent}, "PENDING AddMessage wait 520"},
        {{Resume{}, ok(kThread), kUnknown}, "PENDING FindMessage wait 520"},
        {{Resume{}, ok(kThread), ok(kMessage)}, "PENDING FindRun wait 2120"},
        {{Resume{}, ok(kThread), ok(kMessage), kNotSent}, "PENDING CreateRun wait 530"},
        {{Resume{}, ok(kThread), ok(kMessage), kUnknown}, "PENDING FindRun wait 2030"},
        {{Resume{}, ok(kThread), ok(kMessage), ok(kQueued)}, "RUNNING PollRun wait 1230"},
        {{Resume{}, ok(kThread), ok(kMessage), ok(kQueued), Cancel{}},
         "CANCELLED CancelRun POST /threads/thread_1/runs/run_1/cancel"},
        {{Resume{}, ok(kThread), ok(kMessage), ok(kQueued), Cancel{}, ok("{}")},
         "CANCELLED DeleteThread DELETE /threads/thread_1"},
        {{Resume{}, ok(kThread), ok(kMessage), Cancel{}}, "CANCELLED FindLostRun wait 2030"},
        {{Resume{}, ok(kThread), ok(kMessage), ok(kCompleted)},
         "RUNNING ListMessages GET "
         "/threads/thread_1/messages?run_id=run_1&limit=100&order=desc"},
    };
    for (const ResumeRow& row : rows) {
        Driver driver;
        std::uint64_t at = 0;
        for (const Event& event : row.events) {
            driver.step(at, event);
            at += 10;
        }
        EXPECT_EQ(nameOf(driver.step(at + 90, Resume{})), row.resumed);
    }
}

TEST(AssistantsResume, KeepsTheDeadlineOfTheFirstStart) {
    Driver driver;
    playToRunning(driver);
    driver.step(50'000, Resume{});
    EXPECT_EQ(driver.record.deadline, kStart + 90'000);
}

}  // namespace
}  // namespace edgerun::run::test
