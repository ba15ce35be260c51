#pragma once

#include "edgerun/run/tool_round.h"
#include "run_driver.h"

/// Bodies of chat completions, and a driver of their machine.
namespace edgerun::run::test {

constexpr std::string_view kSaid =
    R"({"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"message":)"
    R"({"role":"assistant","content":"42","refusal":null},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}})";

constexpr std::string_view kCalling =
    R"({"id":"chatcmpl-0","choices":[{"message":{"role":"assistant","content":null,"tool_calls":[)"
    R"({"id":"call_a","type":"function","function":{"name":"add","arguments":"{\"a\":1}"}},)"
    R"({"id":"call_b","type":"function","function":{"name":"ask","arguments":"{}"}}]},)"
    R"("finish_reason":"tool_calls"}],)"
    R"("usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}})";

constexpr const char* kSent = "RUNNING CreateRun POST /chat/completions";
constexpr const char* kFirstSent = "RUNNING CreateRun POST /chat/completions !";

/// {"choices":[{"message":MESSAGE,"finish_reason":"REASON"}]}
inline std::string completion(const std::string& message, const std::string& reason = "stop") {
    return R"({"id":"chatcmpl-1","choices":[{"message":)" + message + R"(,"finish_reason":")" +
           reason + "\"}]}";
}

/// edgerun calls "add", the client calls "ask".
inline Assistant describedAssistant() {
    Assistant assistant;
    assistant.name = "helper";
    assistant.model = "small";
    assistant.functions = {{"add", R"({"name":"add","parameters":{"type":"object"}})", true},
                           {"ask", R"({"name":"ask"})", false}};
    return assistant;
}

inline ToolOutputs outputs(std::vector<ToolOutput> list) {
    return {std::move(list)};
}

/// As the first worker that takes the job: its call is sent.
inline void begin(Driver& driver) {
    driver.step(0, Resume{});
    ASSERT_EQ(nameOf(driver.last), kFirstSent);
}

}  // namespace edgerun::run::test
