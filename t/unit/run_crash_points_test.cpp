#include <optional>

#include "run_scripted_provider.h"

/// Every way that a job can go, cut at every one of its commands: before it is performed, after it
/// but before its answer is known, by a failure of the network on either way, or by a restart after
/// which no worker knows what all knew. Whoever goes on has the record and the work alone.
namespace edgerun::run::test {
namespace {

enum class Cut { Before, After, LostRequest, LostReply, Restart };

constexpr Cut kCuts[] = {Cut::Before, Cut::After, Cut::LostRequest, Cut::LostReply, Cut::Restart};

struct CrashPoint {
    int command = -1;  ///< the how-manieth one, waits included
    Cut cut = Cut::Before;
};

struct History {
    const char* name;
    JobStatus end = JobStatus::Completed;
    const char* error = "";  ///< its name
    std::vector<std::vector<Wanted>> rounds;
    bool isDescribed = false;
    std::vector<std::string> assistants;  ///< at the provider
    const char* knownAssistant = "";      ///< by all workers
    bool doesClientAnswer = true;
    unsigned maxToolRounds = 8;
    std::uint64_t keepThreads = 0;
    const char* threadId = "";
    const char* lastStatus = "completed";
    int refusal = 0;
    int saved = 0;  ///< assistants
};

const char kForeign[] = R"({"id":"asst_2","metadata":{"edgerun_assistant":"other"}})";
const char kOwn[] = R"({"id":"asst_5","metadata":{"edgerun_assistant":"helper",)"
                    R"("edgerun_definition":"0000000000001234"}})";
const char kStale[] = R"({"id":"asst_5","metadata":{"edgerun_assistant":"helper",)"
                      R"("edgerun_definition":"0000000000000000"}})";

History named(const char* name) {
    History history;
    history.name = name;
    return history;
}

template <typename Change>
History with(const char* name, const Change& change) {
    History history = named(name);
    change(history);
    return history;
}

std::vector<History> histories() {
    const std::vector<Wanted> here = {{"c1", "here"}, {"c2", "here"}};
    const std::vector<Wanted> there = {{"c3", "there"}};
    const std::vector<Wanted> both = {{"c4", "there"}, {"c5", "here"}, {"c6", "there"}};
    const std::vector<Wanted> wrong = {{"c7", "here", "{"}, {"c8", "nowhere"}};
    const auto described = [](History& history) {
        history.isDescribed = true;
        history.assistants = {kForeign, kOwn};
    };
    return {
        named("plain"),
        with("continued", [](History& h) { h.threadId = "thread_1"; }),
        with("kept", [](History& h) { h.keepThreads = 3'600'000; }),
        with("failed",
             [](History& h) {
                 h.lastStatus = "failed";
                 h.end = JobStatus::Failed;
                 h.error = "RunFailed";
             }),
        with("refused",
             [](History& h) {
                 h.refusal = 401;
                 h.end = JobStatus::Failed;
                 h.error = "ProviderError";
             }),
        with("assistant found", described),
        with("assistant updated",
             [](History& h) {
                 h.isDescribed = true;
                 h.assistants = {kForeign, kStale};
                 h.saved = 1;
             }),
        with("assistant created",
             [](History& h) {
                 h.isDescribed = true;
                 h.assistants = {kForeign};
                 h.saved = 1;
             }),
        with("assistant gone",
             [](History& h) {
                 h.isDescribed = true;
                 h.knownAssistant = "asst_4";
                 h.saved = 1;
             }),
        with("tools here",
             [&](History& h) {
                 described(h);
                 h.rounds = {here, {{"c9", "here"}}};
             }),
        with("tools of the client",
             [&](History& h) {
                 h.rounds = {there, {{"d1", "any"}}};
             }),
        with("tools of both",
             [&](History& h) {
                 described(h);
                 h.rounds = {both, there, here};
             }),
        with("tools called wrongly",
             [&](History& h) {
                 described(h);
                 h.rounds = {wrong};
             }),
        with("too many rounds",
             [&](History& h) {
                 described(h);
                 h.rounds = {here, there, both};
                 h.maxToolRounds = 2;
                 h.end = JobStatus::Failed;
                 h.error = "TooManyToolRounds";
             }),
        with("client is gone",
             [&](History& h) {
                 h.rounds = {there};
                 h.doesClientAnswer = false;
                 h.end = JobStatus::Failed;
                 h.error = "ActionExpired";
             }),
    };
}

/// One job on its way, with whoever drives it.
class Job {
public:
    explicit Job(const History& history, StartGuarantee guarantee = StartGuarantee::Lookup)
        : history_(history), helper_(helper()) {
        helper_.maxToolRounds = history.maxToolRounds;
        driver_.settings.asksForSteps = true;
        driver_.settings.keepThreads = history.keepThreads;
        driver_.described = history.isDescribed ? &helper_ : nullptr;
        driver_.assistantId = history.knownAssistant;
        driver_.threadId = history.threadId;
        driver_.record.guarantee = guarantee;
        provider.rounds = history.rounds;
        provider.assistants = history.assistants;
        provider.lastStatus = history.lastStatus;
        provider.refusal = history.refusal;
        provider.threadExists = history.threadId[0] != '\0';
    }

    /// To its end; the crashes are in the order of their commands.
    void run(const std::vector<CrashPoint>& crashes, int cancelAt = -1) {
        auto crash = crashes.begin();
        Event event = Resume{};
        while (commands < 400) {
            take(event);
            if (std::holds_alternative<Finished>(driver_.last.command)) {
                return;
            }
            const bool isCut = crash != crashes.end() && crash->command == commands;
            event = isCut ? afterCut(crash->cut) : afterCommand();
            crash += isCut ? 1 : 0;
            event = commands == cancelAt ? Event(Cancel{}) : event;
            ++commands;
        }
    }

    const Record& record() const { return driver_.record; }

    ScriptedProvider provider;
    int commands = 0;
    std::optional<Visible> shown;
    int toolCalls = 0;

private:
    void take(const Event& event) {
        driver_.step(at_, event);
        shown = driver_.last.visible ? driver_.last.visible : shown;
    }

    Event afterCut(Cut cut) {
        const bool isCarriedOut = cut == Cut::After || cut == Cut::LostReply || cut == Cut::Restart;
        if (isCarriedOut) {
            perform();
        }
        at_ += 100;
        const bool isCall = std::holds_alternative<Call>(driver_.last.command);
        if (isCall && (cut == Cut::LostRequest || cut == Cut::LostReply)) {
            return kUnknown;
        }
        if (cut == Cut::Restart) {
            driver_.assistantId.clear();
        }
        return Resume{};
    }

    Event afterCommand() {
        if (const auto* wait = std::get_if<Wait>(&driver_.last.command)) {
            if (driver_.record.phase == Phase::AwaitOutputs && history_.doesClientAnswer) {
                at_ += 1000;
                const ToolOutputs outputs = driver_.outputsOfWaitingCalls();
                EXPECT_TRUE(outputsFit(driver_.work, outputs));
                return outputs;
            }
            at_ = std::max(at_, wait->until - kStart);
            return Timer{};
        }
        return perform();
    }

    Event perform() {
        at_ += 5;
        if (const auto* tools = std::get_if<ToolCalls>(&driver_.last.command)) {
            ToolOutputs outputs;
            for (const ToolCall& call : tools->calls) {
                EXPECT_EQ(call.name, "here");
                outputs.outputs.push_back({call.id, "done"});
                ++toolCalls;
            }
            return outputs;
        }
        if (const auto* call = std::get_if<Call>(&driver_.last.command)) {
            reply_ = provider.perform(*call);
            return answer(reply_.status, reply_.body);
        }
        return Timer{};
    }

    const History& history_;
    Assistant helper_;
    Driver driver_;
    ScriptedProvider::Reply reply_;
    std::uint64_t at_ = 0;
};

std::string describe(const CrashPoint& point) {
    static constexpr const char* kNames[] = {"before", "after", "request of", "reply of",
                                             "restart after"};
    return std::string(", cut ") + kNames[static_cast<std::size_t>(point.cut)] + " command " +
           std::to_string(point.command);
}

void expectNothingIsLeft(const Job& job) {
    EXPECT_EQ(job.record().phase, Phase::Done);
    EXPECT_TRUE(isFinal(job.record().status));
    EXPECT_FALSE(job.provider.isRunGoing()) << "a run goes on";
    EXPECT_LE(job.provider.runs, 1);
    EXPECT_LE(job.provider.messages, 1);
    // An empty thread whose id was lost with its reply cannot be named.
    EXPECT_TRUE(!job.provider.threadExists || job.record().threadId.empty()) << "a thread is left";
}

void expectTheEnd(const Job& job, const History& history) {
    expectNothingIsLeft(job);
    EXPECT_EQ(job.record().status, history.end);
    EXPECT_EQ(job.provider.messages, 1);
    EXPECT_EQ(job.provider.runs, history.refusal != 0 ? 0 : 1);
    EXPECT_EQ(job.provider.strays, 0) << "what the provider did not expect";
    EXPECT_FALSE(job.provider.threadExists);
    ASSERT_TRUE(job.shown);
    EXPECT_EQ(job.shown->error ? job.shown->error->name : "", history.error);
    if (history.end == JobStatus::Completed) {
        EXPECT_EQ(job.shown->answer, "42");
        EXPECT_EQ(job.provider.submissions, static_cast<int>(history.rounds.size()));
        EXPECT_EQ(job.record().toolRounds, history.rounds.size());
    }
}

std::vector<CrashPoint> pointsUpTo(int commands) {
    std::vector<CrashPoint> points;
    for (int command = 0; command < commands; ++command) {
        for (const Cut cut : kCuts) {
            points.push_back({command, cut});
        }
    }
    return points;
}

int commandsOf(const History& history) {
    Job job(history);
    job.run({});
    return job.commands;
}

TEST(CrashPoints, AreInHistoriesThatEndAsTheyShould) {
    for (const History& history : histories()) {
        SCOPED_TRACE(history.name);
        Job job(history);
        job.run({});
        expectTheEnd(job, history);
        EXPECT_EQ(job.provider.assistantsSaved, history.saved);
    }
}

TEST(CrashPoints, LoseNothingAndRepeatNothingWhateverCommandIsHit) {
    for (const History& history : histories()) {
        for (const CrashPoint& point : pointsUpTo(commandsOf(history))) {
            SCOPED_TRACE(history.name + describe(point));
            Job job(history);
            job.run({point});
            expectTheEnd(job, history);
            EXPECT_LE(job.provider.assistants.size(), history.assistants.size() + 1) << "two";
        }
    }
}

TEST(CrashPoints, LoseNothingAndRepeatNothingWhateverTwoCommandsAreHit) {
    for (const History& history : histories()) {
        const int commands = commandsOf(history);
        for (int first = 0; first < commands; ++first) {
            for (int second = first + 1; second < first + 8; ++second) {
                for (const Cut cut : {Cut::After, Cut::LostReply, Cut::LostRequest}) {
                    const std::vector<CrashPoint> points = {{first, cut}, {second, Cut::After}};
                    SCOPED_TRACE(history.name + describe(points[0]) + describe(points[1]));
                    Job job(history);
                    job.run(points);
                    expectTheEnd(job, history);
                }
            }
        }
    }
}

TEST(CrashPoints, LeaveNothingBehindWhereverTheJobIsCancelled) {
    for (const History& history : histories()) {
        const int commands = commandsOf(history);
        for (int cancelAt = 0; cancelAt < commands; ++cancelAt) {
            for (int cutAt = cancelAt - 1; cutAt < cancelAt + 5; ++cutAt) {
                for (const Cut cut : kCuts) {
                    const CrashPoint point{cutAt, cut};
                    SCOPED_TRACE(history.name + describe(point) + ", cancelled at " +
                                 std::to_string(cancelAt));
                    Job job(history);
                    job.run({point}, cancelAt);
                    expectNothingIsLeft(job);
                }
            }
        }
    }
}

TEST(CrashPoints, StartOneRunAtMostWhateverTheGuarantee) {
    for (const auto guarantee : {StartGuarantee::AtMostOnce, StartGuarantee::AtLeastOnce}) {
        for (const History& history : histories()) {
            for (const CrashPoint& point : pointsUpTo(commandsOf(history))) {
                SCOPED_TRACE(history.name + describe(point));
                Job job(history, guarantee);
                job.run({point});
                expectNothingIsLeft(job);  // the thread's lock sees to it at_least_once
                if (guarantee == StartGuarantee::AtLeastOnce) {
                    expectTheEnd(job, history);
                } else if (job.record().status != history.end) {
                    EXPECT_EQ(job.shown->error->name, "StartOutcomeUnknown");
                }
            }
        }
    }
}

}  // namespace
}  // namespace edgerun::run::test
