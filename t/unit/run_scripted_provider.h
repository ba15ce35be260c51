#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edgerun/text/json.h"
#include "run_driver.h"

namespace edgerun::run::test {

/// A provider of Assistants for one job: does as the API says, and remembers enough to tell
/// whether something was done twice, or is still going on.
class ScriptedProvider {
public:
    // --- the script ---
    std::vector<std::vector<Wanted>> rounds;  ///< of tools that the run wants called
    std::string lastStatus = "completed";     ///< how the run ends
    std::vector<std::string> assistants;      ///< objects, oldest first; a page holds one
    int refusal = 0;                          ///< instead of a run; 0: none

    // --- what was done ---
    int messages = 0;
    int runs = 0;
    int assistantsSaved = 0;
    int submissions = 0;
    int strays = 0;  ///< calls that are not what the API takes just then
    bool threadExists = false;

    struct Reply {
        int status = 200;
        std::string body;
    };

    bool isRunGoing() const { return runs > 0 && !isOver_; }

    Reply perform(const Call& call) {
        if (call.method == Method::Delete) {
            return deleteThread();
        }
        return call.method == Method::Post ? post(call) : get(call.path);
    }

private:
    static bool endsWith(std::string_view text, std::string_view end) {
        return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
    }

    Reply stray(int status) {
        ++strays;
        return {status, "{}"};
    }

    Reply deleteThread() {
        const bool wasThere = threadExists;
        threadExists = false;
        return {wasThere ? 200 : 404, "{}"};
    }

    Reply post(const Call& call) {
        if (call.path == "/threads") {
            threadExists = true;
            return {200, std::string(kThread)};
        }
        if (call.path.rfind("/assistants", 0) == 0) {
            return saveAssistant(call);
        }
        if (endsWith(call.path, "/messages")) {
            ++messages;
            return isRunGoing() ? stray(400) : Reply{200, std::string(kMessage)};
        }
        if (endsWith(call.path, "/runs")) {
            return startRun(call.body);
        }
        return endsWith(call.path, "/cancel") ? cancelRun() : takeOutputs(call.body);
    }

    Reply saveAssistant(const Call& call) {
        ++assistantsSaved;
        std::string saved = call.body;
        saved.insert(1, R"("id":"asst_5",)");
        if (call.path == "/assistants") {
            assistants.push_back(saved);
        } else {
            assistants.back() = saved;
        }
        return {200, saved};
    }

    Reply startRun(const std::string& body) {
        if (refusal != 0) {
            return {refusal, "{}"};
        }
        if (isRunGoing()) {
            return {400, std::string(kBusyRun)};
        }
        const text::JsonPtr run = text::parseJson(body, {body.size()});
        const auto wanted = text::stringMember(run.get(), "assistant_id").value_or("");
        if (wanted != "asst_1" && !hasAssistant(wanted)) {
            return {404, R"({"error":{"message":"No assistant found"}})"};
        }
        ++runs;
        return {200, runObject()};
    }

    bool hasAssistant(std::string_view id) const {
        for (const std::string& each : assistants) {
            if (each.find(R"("id":")" + std::string(id) + "\"") != std::string::npos) {
                return true;
            }
        }
        return false;
    }

    Reply cancelRun() {
        if (!isRunGoing()) {
            return {400, "{}"};
        }
        isOver_ = true;
        wasCancelled_ = true;
        return {200, std::string(kInProgress)};
    }

    /// The outputs of exactly the calls that it waits for.
    Reply takeOutputs(const std::string& body) {
        ++submissions;
        if (!needsAction()) {
            return stray(400);
        }
        const text::JsonPtr given = text::parseJson(body, {body.size()});
        const json_t* list = json_object_get(given.get(), "tool_outputs");
        const std::vector<Wanted>& wanted = rounds[round_];
        if (json_array_size(list) != wanted.size()) {
            return stray(400);
        }
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            const json_t* output = json_array_get(list, i);
            if (text::stringMember(output, "tool_call_id") != wanted[i].id ||
                text::stringMember(output, "output").value_or("").empty()) {
                return stray(400);
            }
        }
        ++round_;
        polls_ = 0;
        return {200, runObject()};
    }

    bool needsAction() const { return isRunGoing() && round_ < rounds.size() && polls_ >= 2; }

    std::string runObject() const {
        if (needsAction()) {
            return needing(rounds[round_]);
        }
        const bool hasEnded = isOver_ || (round_ == rounds.size() && polls_ >= 2);
        const std::string status = wasCancelled_ ? "cancelled"
                                   : hasEnded    ? lastStatus
                                                 : "in_progress";
        return R"({"id":"run_1","thread_id":"thread_1","status":")" + status +
               R"(","metadata":{"edgerun_job":"job1"}})";
    }

    Reply get(const std::string& path) {
        if (path.rfind("/assistants", 0) == 0) {
            return {200, assistantsPage(path)};
        }
        if (!threadExists) {
            return stray(404);
        }
        if (path == kRunsPage) {
            return {200, R"({"data":[)" + (runs > 0 ? runObject() : "") + "]}"};
        }
        if (path == kMessagesPage) {
            return {200, messages > 0 ? R"({"data":[{"id":"msg_1","role":"user",)"
                                        R"("metadata":{"edgerun_job":"job1"}}]})"
                                      : std::string(kNothing)};
        }
        if (path == kAnswerPage) {
            return {200, std::string(kAnswer)};
        }
        if (path.find("/steps?") != std::string::npos) {
            return {200,
                    R"({"data":[{"step_details":{"message_creation":{"message_id":"msg_2"}}}]})"};
        }
        return poll();
    }

    Reply poll() {
        ++polls_;
        const std::string body = runObject();
        isOver_ = isOver_ || (round_ == rounds.size() && polls_ >= 2);
        return {200, body};
    }

    std::string assistantsPage(const std::string& path) const {
        constexpr std::string_view kAfter = "&after=";
        const std::size_t at = path.find(kAfter);
        const std::string after = at == std::string::npos ? "" : path.substr(at + kAfter.size());
        std::size_t next = 0;
        while (!after.empty() && next < assistants.size() &&
               assistants[next].find("\"" + after + "\"") == std::string::npos) {
            ++next;
        }
        next += after.empty() ? 0 : 1;
        const bool isThere = next < assistants.size();
        return R"({"data":[)" + (isThere ? assistants[next] : "") + R"(],"has_more":)" +
               (next + 1 < assistants.size() ? "true}" : "false}");
    }

    std::size_t round_ = 0;
    int polls_ = 0;
    bool isOver_ = false;
    bool wasCancelled_ = false;
};

}  // namespace edgerun::run::test
