#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "assistant.h"
#include "completion.h"
#include "http_message.h"
#include "response_store.h"
#include "run_script.h"

namespace emulator {

enum class RunStatus {
    kQueued,
    kInProgress,
    kRequiresAction,
    kCancelling,
    kCancelled,
    kFailed,
    kCompleted,
    kIncomplete,
    kExpired,
    kForeign,  // a word that OpenAI does not have, by marker
};

struct Thread;

struct Message {
    std::string id;
    std::string runId;  // of the run that wrote it
    std::string json;
};

struct ToolCall {
    std::string id;
    std::string name;
    std::string arguments;
    std::optional<std::string> output;
};

enum class StepKind { kMessage, kFunctions, kCodeInterpreter, kFileSearch };

// One entry of a run's history: a message that it wrote, or tools that it called.
struct RunStep {
    std::string id;
    StepKind kind = StepKind::kMessage;
    std::string messageId;
    std::vector<ToolCall> calls;
    std::int64_t createdMs = 0;
    std::int64_t endedMs = 0;  // 0: in progress
};

// The parameters of a run that it gives back, as JSON.
struct RunEcho {
    std::string model;
    std::string instructions;
    std::string tools;
    std::string metadata;
    std::string maxPromptTokens;
    std::string maxCompletionTokens;
    std::string truncationStrategy;
    std::string toolChoice;
    std::string parallelToolCalls;
    std::string responseFormat;
    std::string temperature;
    std::string topP;
};

struct Run {
    std::string id;
    std::string threadId;
    std::string assistantId;
    std::string job;           // metadata.edgerun_job
    Thread* thread = nullptr;  // null once the thread is deleted; the run goes on
    RunScript script;
    RunEcho echo;
    RunStatus status = RunStatus::kQueued;
    std::int64_t createdMs = 0;
    std::int64_t startsMs = 0;  // when the present leg leaves the queue
    std::int64_t endsMs = 0;    // when the present leg ends
    std::int64_t expiresMs = 0;
    std::int64_t cancelsMs = 0;
    std::int64_t startedMs = 0;
    std::int64_t finalMs = 0;
    std::int64_t firstSeenFinalMs = 0;
    int toolRoundsLeft = 0;
    std::int64_t promptLength = 0;
    std::int64_t answerLength = 0;
    std::vector<RunStep> steps;
    std::string json;  // the Run object as it is now
};

struct Thread {
    std::string id;
    std::int64_t createdMs = 0;
    std::string json;
    std::string lastQuestion;  // the text of the newest user message
    std::int64_t textLength = 0;
    std::vector<Message> messages;  // oldest first
    std::vector<Run*> runs;         // oldest first
};

using CallNames = std::set<std::string, std::less<>>;

struct Settings {
    std::int64_t durationMs = 1500;
    std::int64_t jitterMs = 0;
    std::int64_t delayMs = 0;
    std::int64_t pollAfterMs = 0;  // 0: no hint
    std::int64_t queuedMs = 100;
    std::int64_t cancelMs = 200;
    bool keepsLog = true;
    bool isChunked = false;
    bool honoursBackground = true;  // of responses
    std::string prefix = "/v1";     // before the path of every call of the API
    std::string keyHeader;          // in lower case; empty: Authorization: Bearer
    Pairs requiredQuery;            // as Azure wants api-version
    CallNames lacks;                // calls that this server does not know
    std::string answer;             // of runs without a marker for it; empty: the emulator's own
    std::set<std::string, std::less<>> keys;
    std::set<std::string, std::less<>> assistants;
};

// Everything that the emulated provider remembers.
class World {
public:
    explicit World(std::uint64_t seed) : random_(seed) {}

    // OpenAI's ids: the prefix, then 24 letters and digits.
    std::string newId(std::string_view prefix);
    std::int64_t randomWithin(std::int64_t low, std::int64_t high);

    Thread& addThread();
    Thread* findThread(const std::string& id);
    void removeThread(const std::string& id);

    Run& addRun(Thread& thread);
    Run* findRun(const Thread& thread, const std::string& id);
    const std::vector<std::unique_ptr<Run>>& runs() const { return runs_; }
    Assistant& addAssistant(const std::string& id);
    Assistant* findAssistant(const std::string& id);  // also one that is deleted
    const std::vector<std::unique_ptr<Assistant>>& assistants() const { return assistants_; }

    Completion& addCompletion();
    Completion* findCompletion(const std::string& id);
    const std::vector<std::unique_ptr<Completion>>& completions() const { return completions_; }

    std::size_t threadCount() const { return threads_.size(); }

    ResponseStore& store() { return store_; }
    const ResponseStore& store() const { return store_; }

    void clear();

private:
    std::mt19937_64 random_;
    std::unordered_map<std::string, std::unique_ptr<Thread>> threads_;
    std::unordered_map<std::string, Run*> runsById_;
    std::vector<std::unique_ptr<Run>> runs_;
    std::unordered_map<std::string, Assistant*> assistantsById_;
    std::vector<std::unique_ptr<Assistant>> assistants_;
    std::unordered_map<std::string, Completion*> completionsById_;
    std::vector<std::unique_ptr<Completion>> completions_;
    ResponseStore store_;
};

}  // namespace emulator
