#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "edgerun/run/record.h"

/// Run machines: the protocols, without I/O. A machine is a function from
/// (record, event) to (record, command). The caller commits the new record
/// before it performs the command, so a job can be continued from its record
/// by anybody, after any crash, with a Resume event.
namespace edgerun::run {

/// How one provider is to be driven; constant for the life of a configuration.
struct Settings {
    std::uint64_t pollInterval = 1200;      ///< ms
    std::uint64_t pollIntervalMax = 5000;   ///< ms, ceiling for server hints
    std::uint64_t runTimeout = 90'000;      ///< ms from Begin to a final status
    std::uint64_t requestTimeout = 30'000;  ///< ms, one upstream call
    std::uint64_t lookupGrace = 5'000;      ///< ms, from an unknown outcome to its look-up
    std::uint64_t cleanupTimeout = 30'000;  ///< ms for what is left after a final status
    unsigned retries = 3;                   ///< per upstream call, only where safe
    bool keepThreads = false;
};

/// What the client asked for; read again from the store when a call needs it.
struct Request {
    std::string_view query;
    std::string_view threadId;   ///< continued thread, or empty
    std::string_view metadata;   ///< JSON object text, or empty
    std::string_view assistant;  ///< provider's assistant id
};

struct Context {
    const Settings& settings;
    std::string_view jobId;
    Request request;  ///< may be empty where needsRequest() says so
    std::uint64_t now = 0;
    std::int64_t nowWall = 0;
    std::uint32_t random = 0;  ///< for jitter; fresh for every event
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

using Event = std::variant<Resume, Timer, Response, TransportFailure, Cancel>;

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
};

struct Wait {
    std::uint64_t until = 0;  ///< monotonic ms
};

struct Finished {};

using Command = std::variant<Call, Wait, Finished>;

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
};

struct Step {
    Record record;
    Command command;
    std::optional<Visible> visible;
    std::string note;  ///< for the error log when something went wrong, or empty
};

/// One dialect. Stateless: one object serves all jobs and threads.
class Machine {
public:
    virtual ~Machine() = default;

    /// Never throws but for want of memory; takes hostile responses.
    virtual Step next(const Context& context, const Record& record, const Event& event) const = 0;

    /// Does next() need context.request for this record? (Polls do not.)
    virtual bool needsRequest(const Record& record) const = 0;

    /// "Name: value" that every call needs, beside the authorisation and the
    /// body's type, which are the caller's.
    virtual std::vector<std::string> headers() const = 0;
};

/// OpenAI Assistants v2: threads, messages, runs.
/// https://platform.openai.com/docs/api-reference/runs
const Machine& assistantsMachine();

}  // namespace edgerun::run
