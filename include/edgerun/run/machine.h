#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "edgerun/run/assistant.h"
#include "edgerun/run/record.h"

/// Run machines: the protocols, without I/O. A machine is a function from
/// (record, event) to (record, command). The caller commits the new record
/// before it performs the command, so a job can be continued from its record
/// by anybody, after any crash, with a Resume event.
namespace edgerun::run {

/// As Settings::keepThreads: for good.
inline constexpr std::uint64_t kKeepForever = UINT64_MAX;

/// How one provider is to be driven; constant for the life of a configuration.
struct Settings {
    std::uint64_t pollInterval = 1200;      ///< ms
    std::uint64_t pollIntervalMax = 5000;   ///< ms, ceiling for server hints
    std::uint64_t runTimeout = 90'000;      ///< ms from Begin to a final status
    std::uint64_t actionTimeout = 600'000;  ///< ms that a client has to call its tools
    std::uint64_t requestTimeout = 30'000;  ///< ms, one upstream call
    std::uint64_t lookupGrace = 5'000;      ///< ms, from an unknown outcome to its look-up
    std::uint64_t cleanupTimeout = 30'000;  ///< ms for what is left after a final status
    unsigned retries = 3;                   ///< per upstream call, only where safe
    std::uint64_t keepThreads = 0;          ///< ms from a thread's last job to its end
    std::size_t maxHistory = 64 * 1024;     ///< bytes of a thread that edgerun itself keeps
    std::string model;                      ///< where the assistant has none; or empty
    bool asksForSteps = true;               ///< assistants: the provider lists run steps
    bool runsInBackground = true;           ///< responses: the provider takes background work
    bool hasConversations = true;           ///< responses: and conversations
};

/// What the client asked for; read again from the store when a call needs it.
struct Request {
    std::string_view query;      ///< all that the model is told
    std::string_view ownQuery;   ///< its beginning: what the client wrote, as a thread remembers it
    std::string_view threadId;   ///< continued thread, or empty
    std::string_view metadata;   ///< JSON object text, or empty
    std::string_view assistant;  ///< the provider's id where nothing describes it, or empty
    std::string_view work;       ///< what the machine itself wrote last (Step::work), or empty
    /// What the machine wrote last for the job before this one in the continued thread.
    std::string_view memory;
};

struct Context {
    const Settings& settings;
    std::string_view jobId;
    Request request;  ///< may be empty where needsRequest() says so
    std::uint64_t now = 0;
    std::int64_t nowWall = 0;
    std::uint32_t random = 0;  ///< for jitter; fresh for every event
    const Assistant* assistant =
        nullptr;                      ///< null: only its id is known, or where request is empty
    std::string_view assistantId;     ///< of `assistant` as all workers know it, or empty
    std::uint64_t assistantHash = 0;  ///< of all that `assistant` says
    bool maySetUpAssistant = false;   ///< nobody else is at it
    bool isThreadWanted = false;      ///< another job goes on in it, or will
    bool isZoneCrowded = false;       ///< no room for jobs that only wait for their thread's end
};

// --- events ---

/// The job is new (deadline 0), or somebody takes it over from its record: no
/// call of it is under way as far as anybody knows.
struct Resume {};

/// The time of the last Wait has come.
struct Timer {};

/// A whole HTTP response, of any status.
struct Response {
    int status = 0;
    std::optional<std::uint64_t> retryAfter;  ///< ms, from Retry-After(-Ms)
    std::optional<std::uint64_t> pollAfter;   ///< ms, from openai-poll-after-ms
    std::optional<bool> shouldRetry;          ///< x-should-retry
    std::string_view body;
};

/// No whole response.
struct TransportFailure {
    enum class Kind {
        NotSent,   ///< name, connect or TLS failure: the server saw no request
        Unknown,   ///< timeout, reset, cut short: it may have been carried out
        TooLarge,  ///< the response was above the limit: it was carried out
    };
    Kind kind;
    std::string_view reason;  ///< for the operator's log and the client's error
};

/// The client wants the job to end.
struct Cancel {};

/// What came of one function call.
struct ToolOutput {
    std::string id;      ///< of the call
    std::string output;  ///< valid UTF-8
};

/// Of all calls that the last ToolCalls named; or of those that the job's client
/// has to make, checked by outputsFit().
struct ToolOutputs {
    std::vector<ToolOutput> outputs;
};

/// The zone has no room for what the last step wrote; the record is the one before it.
struct NoRoom {};

using Event = std::variant<Resume, Timer, Response, TransportFailure, Cancel, ToolOutputs, NoRoom>;

// --- commands ---

// At most one is under way: a step's command takes the place of the one before
// it. An answer to a call that was replaced so must not be delivered.

enum class Method : std::uint8_t { Get, Post, Delete };

struct Call {
    Method method = Method::Get;
    std::string path;           ///< below the provider's base_url, with its query, escaped
    std::string body;           ///< JSON, or empty
    std::uint64_t timeout = 0;  ///< ms
    /// Must not reach the server twice: the caller must not repeat it silently.
    bool once = false;
    /// Lasts as long as the run; to close its connection ends the run.
    bool held = false;
};

struct Wait {
    std::uint64_t until = 0;  ///< monotonic ms
};

/// One function call for the operator's endpoint of that function.
struct ToolCall {
    std::string id;
    std::string name;       ///< of one of the assistant's functions that are called here
    std::string arguments;  ///< JSON object text
};

/// They may be carried out at once, and again after a crash. A call that fails is an
/// output too. Ends with the run's deadline at the latest.
struct ToolCalls {
    std::vector<ToolCall> calls;
    std::uint64_t deadline = 0;  ///< monotonic ms
};

struct Finished {};

using Command = std::variant<Call, Wait, ToolCalls, Finished>;

// --- what changes for the client ---

struct JobError {
    std::string name;     ///< "RunTimeout", ...
    std::string message;  ///< valid UTF-8, no control characters, bounded
    int statusCode = 502;
};

/// Everything that a job's JSON shows beyond the record. Present in a step only
/// if that step changes what the client sees.
struct Visible {
    std::optional<std::string> answer;
    std::optional<JobError> error;
    std::string incompleteReason;  ///< or empty
    std::string requiredAction;    ///< JSON value, or empty
    std::string steps;             ///< JSON array, or empty
};

struct Step {
    Record record;
    Command command;
    std::optional<Visible> visible;
    std::string note;  ///< for the error log when something went wrong, or empty
    /// Takes the place of Request::work, in the same commit as the record.
    std::optional<std::string> work;
    /// The assistant's id, for all workers to know; empty text: it is gone.
    std::optional<std::string> assistantId;
    /// The job failed, surely nothing was started, and another provider may do better.
    bool mayFallBack = false;
    /// What should be undone at this provider if another one takes the job.
    std::optional<Call> parting;
};

/// One dialect. Stateless: one object serves all jobs and threads.
class Machine {
public:
    virtual ~Machine() = default;

    /// Never throws but for want of memory; takes hostile responses.
    virtual Step next(const Context& context, const Record& record, const Event& event) const = 0;

    /// Does next() need context.request and context.assistant for this record? (Polls do not.)
    virtual bool needsRequest(const Record& record) const = 0;

    /// Are assistants that are described here set up at the provider (Context::assistantId)?
    virtual bool needsAssistantId() const { return false; }

    /// Is a continued thread edgerun's own, so that Request::memory is needed to begin?
    virtual bool remembersThreads(const Settings& settings) const = 0;

    /// "Name: value" that every call needs, beside the authorisation and the
    /// body's type, which are the caller's.
    virtual std::vector<std::string> headers() const = 0;
};

/// Are these the outputs of exactly those calls that the client of a job in
/// AwaitOutputs has to make?
bool outputsFit(std::string_view work, const ToolOutputs& outputs);

/// OpenAI Assistants v2: threads, messages, runs.
/// https://platform.openai.com/docs/api-reference/runs
const Machine& assistantsMachine();

/// OpenAI Responses, in background where the provider can, with Conversations.
/// https://platform.openai.com/docs/api-reference/responses
const Machine& responsesMachine();

/// Chat completions: one held call for each round; threads are edgerun's own.
/// https://platform.openai.com/docs/api-reference/chat
const Machine& chatMachine();

}  // namespace edgerun::run
