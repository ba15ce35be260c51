#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "edgerun/loop/upstream.h"

namespace edgerun::loop {

enum class HttpMethod : std::uint8_t { Get, Post, Delete };

struct TransferRequest {
    HttpMethod method = HttpMethod::Get;
    std::string path;                ///< below the upstream's base path, with its query
    std::string body;                ///< JSON, or empty
    std::uint64_t timeout = 30'000;  ///< ms, time in the queue included
    /// Must not reach the server twice: never repeated silently on another
    /// connection, and carried to its end by a worker that is leaving.
    bool once = false;
};

enum class TransferOutcome {
    Complete,  ///< a whole response, of any status
    NotSent,   ///< the server saw nothing of the request
    Unknown,   ///< no whole response; the request may have been carried out
    TooLarge,  ///< the body was above the upstream's maxResponse
};

struct TransferResult {
    TransferOutcome outcome = TransferOutcome::Unknown;
    int status = 0;
    std::string_view body;                    ///< valid during the call only
    std::string_view reason;                  ///< why it is not Complete
    bool isOurs = false;                      ///< no response, and not for a fault of the server's
    std::optional<std::uint64_t> retryAfter;  ///< ms: Retry-After(-Ms)
    std::optional<std::uint64_t> pollAfter;   ///< ms: openai-poll-after-ms
    std::optional<bool> shouldRetry;          ///< x-should-retry
};

/// Told once, by onTransfer() or onAbandoned(), about each transfer that it started and did
/// not cancel.
class TransferOwner {
public:
    virtual void onTransfer(const TransferResult& result) noexcept = 0;
    /// Asked just before a request with `once` goes out, perhaps long after
    /// start(): the owner may have lost its right to send it meanwhile.
    virtual bool mayStillSend() noexcept = 0;
    /// The worker is leaving and has dropped the transfer. Nothing may be
    /// started or cancelled from here.
    virtual void onAbandoned() noexcept = 0;

protected:
    ~TransferOwner() = default;
};

class Transfer;

/// HTTP/1.1 over libcurl's multi interface on NGINX's event loop. One per
/// worker process; never used before fork. Nothing here blocks: names are
/// resolved at configuration time or by NGINX's resolver, never by libcurl.
/// Owners are called from the event loop, never from within start() or cancel().
class HttpClient {
public:
    /// Null if libcurl cannot be set up (logged).
    static std::unique_ptr<HttpClient> create();
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// Starts or queues a transfer. `upstream` must outlive the client. The
    /// handle is valid until the owner is told or cancel() returns.
    Transfer* start(const Upstream& upstream, TransferRequest request, TransferOwner& owner);

    /// Ends a transfer; its owner hears nothing any more.
    void cancel(Transfer* transfer);

private:
    HttpClient();
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace edgerun::loop
