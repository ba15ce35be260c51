#include <map>
#include <optional>
#include <set>

#include "run_responses_driver.h"

/// Deterministic crash points: a job is cut off at every one of its commands, before it is
/// performed or after it but before the answer is known, and is carried on from its record.
namespace edgerun::run::test::responses {
namespace {

/// What a job meets, and how it is driven.
struct Scene {
    const char* name;
    bool hasConversations = true;
    bool runsInBackground = true;
    bool showsResponses = true;  ///< GET /responses/ID; otherwise 404, as some servers answer
    bool isContinued = false;
    int toolRounds = 0;
    std::uint64_t keepThreads = 0;
    StartGuarantee guarantee = StartGuarantee::Lookup;
};

/// Just enough of a provider to tell whether something was done twice or left behind. Time goes
/// on with the job's.
class Provider {
public:
    explicit Provider(const Scene& scene) : scene_(scene) {
        if (scene.isContinued) {
            isConversationThere = true;
            // The former job asked the same.
            items_ = {userMessage("What is \\\"it\\\"?"),
                      R"({"type":"message","id":"msg_0","role":"assistant","content":)"
                      R"([{"type":"output_text","text":"41"}]})"};
        }
    }

    std::set<std::string> stored;  ///< responses that nobody has deleted
    bool isConversationThere = false;
    int starts = 0;
    int cancels = 0;
    int refusals = 0;  ///< of input that does not fit the conversation

    struct Reply {
        int status;
        std::string body;
    };

    Reply perform(const Call& call, std::uint64_t at) {
        settle(at);
        if (call.path == "/conversations") {
            isConversationThere = true;
            return {200, std::string(kConversation)};
        }
        if (call.path.rfind("/conversations/", 0) == 0) {
            return onConversation(call);
        }
        if (call.path == "/responses") {
            return create(call, at);
        }
        return onResponse(call, call.path.substr(11, call.path.find_first_of("/?", 11) - 11));
    }

    /// Has the conversation a call without its output?
    bool hasOpenCalls() const { return !open_.empty(); }
    bool isRunning(std::uint64_t at) {
        settle(at);
        return running_.has_value();
    }

private:
    struct Running {
        std::string id;
        std::uint64_t endsAt;
        std::vector<std::string> input;
        std::string output;
        std::set<std::string> answers;  ///< calls
        std::string opens;              ///< a call, or empty
    };

    void settle(std::uint64_t at) {
        if (!running_ || at < running_->endsAt) {
            return;
        }
        for (const std::string& item : running_->input) {
            items_.push_back(item);
        }
        items_.push_back(running_->output);
        done_[running_->id] = running_->output;
        for (const std::string& id : running_->answers) {
            open_.erase(id);
        }
        if (!running_->opens.empty()) {
            open_.insert(running_->opens);
        }
        running_.reset();
    }

    Reply onConversation(const Call& call) {
        if (call.method == Method::Delete) {
            isConversationThere = false;
            return {200, "{}"};
        }
        if (call.method == Method::Post) {
            if (running_) {
                return {400, std::string(kLocked)};
            }
            for (auto id = open_.begin(); id != open_.end();) {
                id = call.body.find("\"" + *id + "\"") != std::string::npos ? open_.erase(id)
                                                                            : std::next(id);
            }
            return {200, "{}"};
        }
        std::string list;
        for (auto item = items_.rbegin(); item != items_.rend(); ++item) {
            list += (list.empty() ? "" : ",") + *item;
        }
        return {200, page(list)};
    }

    Reply create(const Call& call, std::uint64_t at) {
        if (running_ && scene_.hasConversations) {
            return {400, std::string(kLocked)};
        }
        Running next;
        for (const std::string& id : open_) {
            if (call.body.find("\"call_id\":\"" + id + "\"") == std::string::npos) {
                ++refusals;
                return {400, "{}"};
            }
            next.answers.insert(id);
            next.input.push_back(functionOutput(id));
        }
        if (open_.empty() && call.body.find("function_call_output") != std::string::npos) {
            ++refusals;
            return {400, "{}"};
        }
        if (next.input.empty()) {
            next.input.push_back(userMessage("What is \\\"it\\\"?"));
        }
        next.id = "resp_" + std::to_string(++starts);
        next.endsAt = at + 3000;
        const std::size_t round = scene_.hasConversations ? roundsDone() : starts - 1;
        if (static_cast<int>(round) < scene_.toolRounds) {
            next.opens = "call_" + std::to_string(round);
            next.output = functionCall(next.opens, round % 2 == 0 ? "here" : "there");
        } else {
            next.output = message("42");
        }
        stored.insert(next.id);
        const bool isHeld = call.body.find(R"("background":true)") == std::string::npos;
        running_ = next;
        if (isHeld) {
            settle(at + 3000);
            return {200, response("completed", next.output, next.id)};
        }
        return {200, response("queued", "", next.id)};
    }

    std::size_t roundsDone() const {
        std::size_t rounds = 0;
        for (const std::string& item : items_) {
            rounds += item.find(R"("type":"function_call",)") != std::string::npos ? 1 : 0;
        }
        return rounds;
    }

    Reply onResponse(const Call& call, const std::string& id) {
        if (call.method == Method::Delete) {
            stored.erase(id);
            return {200, "{}"};
        }
        if (!scene_.showsResponses) {
            return {404, "{}"};
        }
        if (call.method == Method::Post) {
            ++cancels;
            if (running_) {
                running_.reset();
                return {200, response("cancelled", "", id)};
            }
        }
        if (running_ && running_->id == id) {
            return {200, response("in_progress", "", id)};
        }
        return {200, done_.count(id) > 0 ? response("completed", done_[id], id)
                                         : response("cancelled", "", id)};
    }

    const Scene& scene_;
    std::vector<std::string> items_;
    std::optional<Running> running_;
    std::map<std::string, std::string> done_;
    std::set<std::string> open_;
};

enum class Cut { BeforeCall, AfterCall };

struct CrashPoint {
    int command;  ///< the how-manieth one, waits included
    Cut cut;
};

struct Result {
    Record record;
    std::optional<Visible> end;
    Provider provider;
    int commands = 0;
    std::uint64_t at = 0;
};

constexpr int kTooMany = 200;

/// Runs a job to its end; the crashes are in the order of their commands.
Result runWithCrashes(const Scene& scene, const std::vector<CrashPoint>& crashes,
                      std::optional<int> cancelAt = {}) {
    Assistant assistant = helper();
    Driver driver = driverOf();
    driver.described = &assistant;
    driver.settings.hasConversations = scene.hasConversations;
    driver.settings.runsInBackground = scene.runsInBackground;
    driver.settings.keepThreads = scene.keepThreads;
    driver.record.guarantee = scene.guarantee;
    if (scene.isContinued) {
        driver.threadId = scene.hasConversations ? "conv_1" : "thread_job0";
        driver.memory = R"({"responses":[]})";
    }
    Result result{{}, {}, Provider(scene), 0, 0};
    std::uint64_t& at = result.at;
    Event event = Resume{};
    Provider::Reply reply;
    auto crash = crashes.begin();
    for (;;) {
        driver.step(at, event);
        if (isFinal(driver.record.status) && !result.end) {
            result.end = driver.last.visible;
        }
        if (std::holds_alternative<Finished>(driver.last.command) || result.commands > kTooMany) {
            break;
        }
        const bool isCut = crash != crashes.end() && crash->command == result.commands;
        const auto* call = std::get_if<Call>(&driver.last.command);
        if (call != nullptr && (!isCut || crash->cut == Cut::AfterCall)) {
            reply = result.provider.perform(*call, at);
            at += call->held ? 3000 : 5;
        }
        if (isCut) {
            event = Resume{};
            at += 100;
            ++crash;
        } else if (call != nullptr) {
            event = answer(reply.status, reply.body);
        } else if (std::holds_alternative<ToolCalls>(driver.last.command) ||
                   driver.record.phase == Phase::AwaitOutputs) {
            event = driver.outputsOfWaitingCalls();
            at += 5;
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

std::vector<CrashPoint> pointsUpTo(int commands) {
    std::vector<CrashPoint> points;
    for (int command = 0; command < commands; ++command) {
        points.push_back({command, Cut::BeforeCall});
        points.push_back({command, Cut::AfterCall});
    }
    return points;
}

/// `lost` starts were paid for beside those that the answer needed.
void expectWhole(const Scene& scene, const Result& result, int lost) {
    ASSERT_EQ(result.record.phase, Phase::Done);
    EXPECT_EQ(result.record.status, JobStatus::Completed);
    ASSERT_TRUE(result.end);
    EXPECT_EQ(result.end->answer, "42");
    EXPECT_EQ(result.provider.starts, scene.toolRounds + 1 + lost);
    EXPECT_EQ(result.provider.refusals, 0);
    EXPECT_FALSE(result.provider.hasOpenCalls());
    if (scene.keepThreads == 0) {
        EXPECT_FALSE(result.provider.isConversationThere);
    }
}

const Scene kInConversations[] = {
    {"a conversation"},
    {"tools", true, true, true, false, 2},
    {"a continued conversation", true, true, true, true, 0},
    {"a continued conversation with tools", true, true, true, true, 2, kKeepForever},
    {"held calls", true, false, true, false, 0},
    {"held calls with tools", true, false, true, false, 2},
    {"a conversation that is kept for a while", true, true, true, false, 1, 60'000},
};

TEST(ResponsesResume, StartsEachResponseOnceWhateverCommandTheCrashHits) {
    for (const Scene& scene : kInConversations) {
        const Result plain = runWithCrashes(scene, {});
        {
            SCOPED_TRACE(std::string(scene.name) + ", no crash");
            expectWhole(scene, plain, 0);
            EXPECT_EQ(plain.provider.stored.empty(), scene.keepThreads != kKeepForever);
        }
        for (const CrashPoint& point : pointsUpTo(plain.commands)) {
            SCOPED_TRACE(std::string(scene.name) + ", " + describe(point));
            expectWhole(scene, runWithCrashes(scene, {point}), 0);
        }
    }
}

TEST(ResponsesResume, StartsEachResponseOnceWhateverTwoCommandsTheCrashesHit) {
    for (const Scene& scene : kInConversations) {
        const int commands = runWithCrashes(scene, {}).commands;
        for (const CrashPoint& first : pointsUpTo(commands)) {
            for (const CrashPoint& second : pointsUpTo(commands + 6)) {
                if (second.command > first.command) {
                    SCOPED_TRACE(std::string(scene.name) + ", " + describe(first) + ", " +
                                 describe(second));
                    expectWhole(scene, runWithCrashes(scene, {first, second}), 0);
                }
            }
        }
    }
}

/// Where nobody can look, an interrupted start is an error, and never a second start.
TEST(ResponsesResume, NeverStartsBlindly) {
    const Scene scenes[] = {
        {"no conversations", false, true, true, false, 2},
        {"no conversations, held calls", false, false, true, false, 2},
        {"a thread of edgerun's", false, true, true, true, 1, 60'000},
        {"at most once", true, true, true, false, 2, 0, StartGuarantee::AtMostOnce},
    };
    for (const Scene& scene : scenes) {
        const Result plain = runWithCrashes(scene, {});
        EXPECT_EQ(plain.record.status, JobStatus::Completed) << scene.name;
        EXPECT_TRUE(plain.provider.stored.empty()) << scene.name;
        int failed = 0;
        for (const CrashPoint& point : pointsUpTo(plain.commands)) {
            SCOPED_TRACE(std::string(scene.name) + ", " + describe(point));
            const Result result = runWithCrashes(scene, {point});
            EXPECT_EQ(result.record.phase, Phase::Done);
            EXPECT_LE(result.provider.starts, scene.toolRounds + 1);
            EXPECT_EQ(result.provider.refusals, 0);
            if (result.record.status == JobStatus::Failed) {
                ++failed;
                EXPECT_EQ(result.end->error->name, "StartOutcomeUnknown");
            } else {
                expectWhole(scene, result, 0);
            }
        }
        EXPECT_EQ(failed, 2 * (scene.toolRounds + 1)) << scene.name << ": at each start";
    }
}

TEST(ResponsesResume, HoldsTheCallOnAServerThatShowsNoResponsesWhereverTheCrashIs) {
    const Scene scene{"no GET", true, true, false, false, 1};
    const Result plain = runWithCrashes(scene, {});
    EXPECT_EQ(plain.record.status, JobStatus::Completed);
    EXPECT_TRUE(plain.record.isForeground);
    for (const CrashPoint& point : pointsUpTo(plain.commands)) {
        SCOPED_TRACE(describe(point));
        const Result result = runWithCrashes(scene, {point});
        EXPECT_EQ(result.record.status, JobStatus::Completed);
        EXPECT_EQ(result.provider.starts, plain.provider.starts);
        EXPECT_EQ(result.provider.refusals, 0);
    }
}

TEST(ResponsesResume, CleansUpWhereverTheJobIsCancelledAndTheCrashFollows) {
    for (const Scene& scene : kInConversations) {
        const int commands = runWithCrashes(scene, {}).commands;
        for (int cancelAt = 1; cancelAt < commands; ++cancelAt) {
            for (const CrashPoint& point : pointsUpTo(commands + 4)) {
                SCOPED_TRACE(std::string(scene.name) + ", " + describe(point) + ", cancelled at " +
                             std::to_string(cancelAt));
                Result result = runWithCrashes(scene, {point}, cancelAt);
                EXPECT_TRUE(isFinal(result.record.status));
                EXPECT_EQ(result.record.phase, Phase::Done);
                EXPECT_LE(result.provider.starts, scene.toolRounds + 1);
                EXPECT_EQ(result.provider.refusals, 0);
                // An empty thread whose id was lost with its reply cannot be named.
                EXPECT_TRUE(scene.keepThreads != 0 || !result.provider.isConversationThere ||
                            result.record.threadId.empty());
                const bool isKept = result.provider.isConversationThere;
                EXPECT_FALSE(isKept && result.provider.hasOpenCalls());
            }
        }
    }
}

}  // namespace
}  // namespace edgerun::run::test::responses
