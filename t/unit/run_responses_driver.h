#pragma once

#include <string>
#include <string_view>

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

const std::string kInclude =
    "?include%5B%5D=code_interpreter_call.outputs&include%5B%5D=file_search_call.results";
const std::string kCreateThread = "CreateThread POST /conversations";
const std::string kCreate = "CreateRun POST /responses";
const std::string kPoll = "PollRun GET /responses/resp_1" + kInclude;
const std::string kItems = "GET /conversations/conv_1/items?limit=100&order=desc";
const std::string kLook = "FindRun " + kItems;
const std::string kLookForLost = "FindLostRun " + kItems;
const std::string kNewest = "FindMessage GET /conversations/conv_1/items?limit=1&order=desc";
const std::string kCancelRun = "CancelRun POST /responses/resp_1/cancel";
const std::string kClose = "SubmitOutputs POST /conversations/conv_1/items";
const std::string kDeleteRun = "DeleteRun DELETE /responses/resp_1";
const std::string kDeleteThread = "DeleteThread DELETE /conversations/conv_1";

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

}  // namespace edgerun::run::test::responses
