#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/run/machine.h"
#include "edgerun/run/tool_round.h"

/// Drives a machine by tables of events, and checks at every step what must hold
/// in all of them.
namespace edgerun::run::test {

constexpr std::uint64_t kStart = 1'000'000;  ///< ms; rows count from here
constexpr std::int64_t kStartWall = 1'700'000'000'000;
constexpr std::string_view kJob = "job1";

inline const char* nameOf(Phase phase) {
    static constexpr const char* kNames[] = {
        "CreateThread", "AddMessage",    "FindMessage",     "CreateRun",       "FindRun",
        "PollRun",      "ListMessages",  "FindLostRun",     "CancelRun",       "DeleteThread",
        "Done",         "FindAssistant", "CreateAssistant", "UpdateAssistant", "CallTools",
        "AwaitOutputs", "SubmitOutputs", "ListSteps",       "DeleteRun"};
    return kNames[static_cast<std::size_t>(phase)];
}

inline std::string nameOf(const Command& command) {
    if (const auto* call = std::get_if<Call>(&command)) {
        static constexpr const char* kMethods[] = {"GET ", "POST ", "DELETE "};
        return kMethods[static_cast<std::size_t>(call->method)] + call->path;
    }
    if (const auto* wait = std::get_if<Wait>(&command)) {
        return "wait " + std::to_string(wait->until - kStart);
    }
    if (const auto* tools = std::get_if<ToolCalls>(&command)) {
        std::string text = "call";
        for (const ToolCall& tool : tools->calls) {
            text += " " + tool.name;
        }
        return text;
    }
    return "finished";
}

/// "RUNNING PollRun wait 1200", with a "!" at the end if the client sees a change.
inline std::string nameOf(const Step& step) {
    return std::string(run::nameOf(step.record.status)) + " " + nameOf(step.record.phase) + " " +
           nameOf(step.command) + (step.visible ? " !" : "");
}

inline Response answer(int status, std::string_view body) {
    Response response;
    response.status = status;
    response.body = body;
    return response;
}

inline Response ok(std::string_view body) {
    return answer(200, body);
}

inline TransportFailure failure(TransportFailure::Kind kind) {
    return {kind, "it broke"};
}

inline const TransportFailure kNotSent = failure(TransportFailure::Kind::NotSent);
inline const TransportFailure kUnknown = failure(TransportFailure::Kind::Unknown);
inline const TransportFailure kTooLarge = failure(TransportFailure::Kind::TooLarge);

// --- bodies ---

constexpr std::string_view kThread = R"({"id":"thread_1","object":"thread"})";
constexpr std::string_view kMessage = R"({"id":"msg_1","object":"thread.message"})";
constexpr std::string_view kNothing = R"({"object":"list","data":[],"has_more":false})";
constexpr std::string_view kQueued =
    R"({"id":"run_1","thread_id":"thread_1","status":"queued","usage":null})";
constexpr std::string_view kInProgress =
    R"({"id":"run_1","thread_id":"thread_1","status":"in_progress","usage":null})";
constexpr std::string_view kCompleted =
    R"({"id":"run_1","thread_id":"thread_1","status":"completed",)"
    R"("usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}})";
constexpr std::string_view kOwnRuns =
    R"({"data":[{"id":"run_1","thread_id":"thread_1","status":"in_progress",)"
    R"("metadata":{"edgerun_job":"job1"}}]})";
constexpr std::string_view kForeignRuns =
    R"({"data":[{"id":"run_9","thread_id":"thread_1","status":"in_progress",)"
    R"("metadata":{"edgerun_job":"job9"}}]})";
constexpr std::string_view kAnswer =
    R"({"data":[{"id":"msg_2","role":"assistant","run_id":"run_1",)"
    R"("content":[{"type":"text","text":{"value":"42","annotations":[]}}]}]})";
constexpr std::string_view kBusyRun =
    R"({"error":{"message":"Thread thread_1 already has an active run run_9.",)"
    R"("type":"invalid_request_error","param":null,"code":null}})";

/// One that edgerun_assistant NAME "helper" describes, as it was saved for the hash that the driver
/// gives.
constexpr std::string_view kAssistant = R"({"id":"asst_5","object":"assistant"})";
constexpr std::string_view kOwnAssistants =
    R"({"data":[{"id":"asst_4","metadata":{}},{"id":"asst_5","metadata":)"
    R"({"edgerun_assistant":"helper","edgerun_definition":"0000000000001234"}}],)"
    R"("has_more":false})";

/// A run that waits for the outputs of such calls: {"c1", "f"}, each with the arguments {}.
struct Wanted {
    std::string id;
    std::string name;
    std::string arguments = "{}";
};

inline std::string needing(const std::vector<Wanted>& calls) {
    std::string list;
    for (const Wanted& call : calls) {
        std::string arguments;
        text::appendJsonString(arguments, call.arguments);
        list += (list.empty() ? "" : ",") + (R"({"id":")" + call.id) +
                R"(","type":"function","function":{"name":")" + call.name + R"(","arguments":)" +
                arguments + "}}";
    }
    return R"({"id":"run_1","thread_id":"thread_1","status":"requires_action","required_action":)"
           R"({"type":"submit_tool_outputs","submit_tool_outputs":{"tool_calls":[)" +
           list + "]}}}";
}

/// Has "here", which edgerun calls, and "there", which the client calls.
inline Assistant helper() {
    Assistant assistant;
    assistant.name = "helper";
    assistant.model = "gpt-4o";
    assistant.instructions = "Help.";
    assistant.functions = {{"here", R"({"name":"here"})", true},
                           {"there", R"({"name":"there"})", false}};
    return assistant;
}

constexpr const char* kRunsPage = "/threads/thread_1/runs?limit=20&order=desc";
constexpr const char* kMessagesPage = "/threads/thread_1/messages?limit=20&order=desc";
constexpr const char* kAnswerPage = "/threads/thread_1/messages?run_id=run_1&limit=100&order=desc";

/// The tables count with a grace of 2 s, and with runs that have no steps.
inline Settings testSettings() {
    Settings settings;
    settings.asksForSteps = false;
    settings.lookupGrace = 2000;
    return settings;
}

struct Driver {
    explicit Driver(const Machine& driven = assistantsMachine()) : machine(driven) {}

    const Machine& machine;
    Settings settings = testSettings();
    std::string query = "What is \"it\"?";
    std::string threadId;
    std::string metadata;
    std::string assistant = "asst_1";
    std::uint32_t random = 0;              ///< no jitter
    const Assistant* described = nullptr;  ///< what edgerun_assistant says of it
    std::string assistantId;               ///< as all workers know it
    bool maySetUpAssistant = true;
    bool isThreadWanted = false;
    bool isZoneCrowded = false;
    std::string work;     ///< as the store keeps it
    std::string memory;   ///< of the thread
    std::string context;  ///< follows the query on its way to the model
    Record record;
    Step last;

    /// One event, `at` ms after the start. The request is there only where
    /// needsRequest() asks for it.
    const Step& step(std::uint64_t at, const Event& event) {
        const Record before = record;
        Request request;
        const std::string told = query + context;
        const bool isLoaded = machine.needsRequest(record);
        if (isLoaded) {
            request = {told, query, threadId, metadata, assistant, work, memory};
        }
        const Context context{settings,
                              kJob,
                              request,
                              kStart + at,
                              kStartWall + static_cast<std::int64_t>(at),
                              random,
                              isLoaded ? described : nullptr,
                              assistantId,
                              0x1234,
                              maySetUpAssistant,
                              isThreadWanted,
                              isZoneCrowded};
        last = machine.next(context, record, event);
        EXPECT_TRUE(isLoaded || !last.work || work.empty()) << "work was overwritten unread";
        record = last.record;
        work = last.work.value_or(work);
        assistantId = last.assistantId.value_or(assistantId);
        checkInvariants(before, context);
        return last;
    }

    /// The client has its calls made, or some of them.
    ToolOutputs outputsOfWaitingCalls() const {
        ToolOutputs outputs;
        for (const FunctionCall& call : roundOf(Work(work)).calls) {
            if (!call.output) {
                outputs.outputs.push_back({call.id, "done"});
            }
        }
        return outputs;
    }

    const Call& call() const { return std::get<Call>(last.command); }
    const JobError& error() const { return last.visible.value().error.value(); }

private:
    void checkInvariants(const Record& before, const Context& context) const {
        EXPECT_GE(rank(record.status), rank(before.status)) << "a status went back";
        if (isFinal(before.status)) {
            EXPECT_EQ(record.status, before.status) << "a final status changed";
            EXPECT_TRUE(record.deadline == before.deadline || record.phase != before.phase ||
                        record.isThreadGone != before.isThreadGone);
            EXPECT_EQ(record.completedWall, before.completedWall);
            EXPECT_FALSE(last.visible) << "a final job changed";
        }
        EXPECT_TRUE(record.status == before.status || last.visible) << "a change was hidden";
        if (const auto* wait = std::get_if<Wait>(&last.command)) {
            EXPECT_LE(wait->until, record.deadline);
        }
        if (const auto* call = std::get_if<Call>(&last.command)) {
            checkCall(*call, context);
        }
        EXPECT_EQ(std::holds_alternative<Finished>(last.command), record.phase == Phase::Done);
    }

    void checkCall(const Call& call, const Context& context) const {
        EXPECT_GE(call.timeout, 1U);
        EXPECT_LE(call.timeout, std::max(settings.requestTimeout, settings.runTimeout));
        EXPECT_LE(context.now + call.timeout, std::max(record.deadline, context.now + 1));
        EXPECT_EQ(call.path.find("//"), std::string::npos);
        EXPECT_EQ(call.path.find_first_not_of("/?&=%[]*.abcdefghijklmnopqrstuvwxyz"
                                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"),
                  std::string::npos);
        const bool isOnceOnly =
            record.phase == Phase::AddMessage || record.phase == Phase::CreateRun ||
            record.phase == Phase::CreateAssistant || record.phase == Phase::SubmitOutputs;
        EXPECT_EQ(isOnceOnly, record.intentAt == context.now) << "a call without its intent";
        EXPECT_EQ(isOnceOnly, call.once) << "a call that may be repeated, or may not";
        EXPECT_EQ(call.body.find(R"("assistant_id":"")"), std::string::npos) << "no assistant";
        const bool isOfTheRequest =
            record.phase == Phase::AddMessage || record.phase == Phase::CreateRun;
        if (isOfTheRequest && &machine == &assistantsMachine() && described == nullptr) {
            const std::string& mine = record.phase == Phase::AddMessage ? query : assistant;
            EXPECT_NE(call.body.find(mine.substr(0, 6)), std::string::npos) << "no request";
        }
    }

    static int rank(JobStatus status) {
        switch (status) {
            case JobStatus::Pending:
                return 0;
            case JobStatus::Running:
            case JobStatus::RequiresAction:
                return 1;
            case JobStatus::Completed:
            case JobStatus::Failed:
            case JobStatus::Cancelled:
                return 2;
        }
        return 3;
    }
};

struct Row {
    std::uint64_t at;  ///< ms after the start
    Event event;
    std::string expected;
};

inline void play(Driver& driver, const std::vector<Row>& rows) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(nameOf(driver.step(rows[i].at, rows[i].event)), rows[i].expected) << "row " << i;
    }
}

/// To where the run's first poll is waited for: 30 ms after the start.
inline void playToRunning(Driver& driver) {
    driver.step(0, Resume{});
    driver.step(10, ok(kThread));
    driver.step(20, ok(kMessage));
    driver.step(30, ok(kQueued));
    ASSERT_EQ(nameOf(driver.last), "RUNNING PollRun wait 1230 !");
}

}  // namespace edgerun::run::test
