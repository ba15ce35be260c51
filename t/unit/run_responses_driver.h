#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "run_driver.h"

/// What the tests of the Responses machine have in common, beside the driver.
namespace edgerun::run::test::responses {

// --- bodies ---

constexpr std::string_view kConversation = R"({"id":"conv_1","object":"conversation"})";
constexpr std::string_view kQueued =
    R"({"id":"resp_1","object":"response","status":"queued","usage":null,"output":[]})";
constexpr std::string_view kInProgress =
    R"({"id":"resp_1","object":"response","status":"in_progress","usage":null,"output":[]})";
constexpr std::string_view kLocked =
    R"({"error":{"message":"Another process is currently operating on this conversation. )"
    R"(Please retry in a few seconds.","type":"invalid_request_error","param":"conversation",)"
    R"("code":"conversation_locked"}})";
constexpr std::string_view kUsage = R"({"input_tokens":7,"output_tokens":5,"total_tokens":12,)"
                                    R"("output_tokens_details":{"reasoning_tokens":1}})";

inline std::string message(std::string_view text) {
    return R"({"type":"message","id":"msg_2","status":"completed","role":"assistant","content":)"
           R"([{"type":"output_text","annotations":[],"text":")" +
           std::string(text) + R"("}]})";
}

inline std::string userMessage(std::string_view text) {
    return R"({"type":"message","id":"msg_1","status":"completed","role":"user","content":)"
           R"([{"type":"input_text","text":")" +
           std::string(text) + R"("}]})";
}

inline std::string functionCall(std::string_view callId, std::string_view name = "weather",
                                std::string_view arguments = "{}") {
    std::string json = R"({"type":"function_call","id":"fc_)" + std::string(callId) +
                       R"(","status":"completed","call_id":")" + std::string(callId) +
                       R"(","name":")" + std::string(name) + R"(","arguments":)";
    text::appendJsonString(json, arguments);
    return json + "}";
}

inline std::string functionOutput(std::string_view callId) {
    return R"({"type":"function_call_output","id":"fco_)" + std::string(callId) +
           R"(","call_id":")" + std::string(callId) + R"(","output":"1"})";
}

inline std::string response(std::string_view status, std::string_view output,
                            std::string_view id = "resp_1", std::string_view more = "") {
    return R"({"id":")" + std::string(id) + R"(","object":"response","status":")" +
           std::string(status) + R"(","usage":)" + std::string(kUsage) + R"(,"output":[)" +
           std::string(output) + "]" + std::string(more) + "}";
}

inline std::string completed(std::string_view text = "42", std::string_view id = "resp_1") {
    return response("completed", message(text), id);
}

/// Newest first.
inline std::string page(std::string_view items = "") {
    return R"({"object":"list","has_more":false,"data":[)" + std::string(items) + "]}";
}

// --- calls ---

inline const std::string kInclude =
    "?include%5B%5D=code_interpreter_call.outputs&include%5B%5D=file_search_call.results";
inline const std::string kCreateThread = "CreateThread POST /conversations";
inline const std::string kCreate = "CreateRun POST /responses";
inline const std::string kPoll = "PollRun GET /responses/resp_1" + kInclude;
inline const std::string kItems = "GET /conversations/conv_1/items?limit=100&order=desc";
inline const std::string kLook = "FindRun " + kItems;
inline const std::string kLookForLost = "FindLostRun " + kItems;
inline const std::string kNewest = "FindMessage GET /conversations/conv_1/items?limit=1&order=desc";
inline const std::string kCancelRun = "CancelRun POST /responses/resp_1/cancel";
inline const std::string kClose = "SubmitOutputs POST /conversations/conv_1/items";
inline const std::string kDeleteRun = "DeleteRun DELETE /responses/resp_1";
inline const std::string kDeleteThread = "DeleteThread DELETE /conversations/conv_1";

// --- drivers ---

inline Driver driverOf() {
    Driver driver{responsesMachine()};
    driver.settings.model = "gpt-1";
    return driver;
}

/// A provider without conversations, whose threads edgerun keeps.
inline Driver loneDriver() {
    Driver driver = driverOf();
    driver.settings.hasConversations = false;
    return driver;
}

/// The calls are held, in conversations.
inline Driver heldDriver() {
    Driver driver = driverOf();
    driver.settings.runsInBackground = false;
    return driver;
}

/// To where the first poll is waited for: 20 ms after the start.
inline void playToPoll(Driver& driver) {
    driver.step(0, Resume{});
    driver.step(10, ok(kConversation));
    driver.step(20, ok(kQueued));
    ASSERT_EQ(nameOf(driver.last), "RUNNING PollRun wait 1220 !");
}

// --- tools ---

inline const std::string kTwoCalls =
    response("completed", message("Let me see.") + "," + functionCall("call_1", "here") + "," +
                              functionCall("call_2", "there", R"({"x":1})"));
inline const std::string kOneCall = response("completed", functionCall("call_1", "here"));
inline const std::string kSecondQueued = response("queued", "", "resp_2");
inline const std::string kSecond = completed("42", "resp_2");
inline const std::string kEmptyPage = page();
inline const std::string kOutputs =
    R"([{"type":"function_call_output","call_id":"call_1","output":"1"},)"
    R"({"type":"function_call_output","call_id":"call_2","output":"2"}])";

inline ToolOutputs outputs(std::vector<ToolOutput> list) {
    return {std::move(list)};
}

inline const Event kHere = outputs({{"call_1", "1"}});
inline const Event kThere = outputs({{"call_2", "2"}});

inline const std::string kPollSecond = "PollRun GET /responses/resp_2" + kInclude;
inline const std::string kAwait = "REQUIRES_ACTION AwaitOutputs wait ";

/// With an assistant that has a function here and one of the client's.
struct ToolDriver {
    Assistant assistant = helper();
    Driver driver = driverOf();

    explicit ToolDriver(std::uint64_t keepThreads = 0) {
        driver.described = &assistant;
        driver.settings.keepThreads = keepThreads;
    }

    /// To where the first response was polled: 1220 ms after the start.
    Driver& atPoll() {
        playToPoll(driver);
        driver.step(1220, Timer{});
        return driver;
    }

    /// To where the client's output is waited for, call_1's being there.
    Driver& atAwait() {
        atPoll();
        driver.step(1230, ok(kTwoCalls));
        driver.step(1230, Timer{});
        driver.step(1240, kHere);
        EXPECT_EQ(nameOf(driver.last), kAwait + "601240 !");
        return driver;
    }

    /// To where the second response is polled: 3460 ms after the start.
    Driver& atSecondPoll() {
        atAwait();
        driver.step(2240, kThere);
        driver.step(2260, ok(kSecondQueued));
        driver.step(3460, Timer{});
        EXPECT_EQ(nameOf(driver.last), "RUNNING " + kPollSecond);
        return driver;
    }
};

}  // namespace edgerun::run::test::responses
