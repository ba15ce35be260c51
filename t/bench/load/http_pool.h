#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "clock.h"
#include "endpoint.h"
#include "http_response.h"

namespace jobload {

/// One request and the moment from which its latency counts.
struct Call {
    std::uint64_t tag = 0;  ///< the caller's own number, handed back with the answer
    std::string request;
    Nanos due = 0;
};

/// Keep-alive connections to one endpoint on an epoll of their own. A call above the number of
/// connections waits in a queue while its latency runs: that is what makes an open loop honest
/// about a slow server (no coordinated omission).
class HttpPool {
public:
    /// `response` has status 0 when the connection broke before the answer was complete.
    using OnAnswer = std::function<void(const Call&, Response&&)>;

    /// Connects all; throws std::system_error when the server refuses.
    HttpPool(const Endpoint& endpoint, std::size_t connections, OnAnswer onAnswer);
    ~HttpPool();
    HttpPool(const HttpPool&) = delete;
    HttpPool& operator=(const HttpPool&) = delete;

    void call(Call call);

    /// Handles what arrived; returns at `until` at the latest, or at once if anything was handled.
    void wait(Nanos until);

    /// Calls sent or queued and not answered.
    std::size_t pending() const { return queue_.size() + connections_.size() - idle_.size(); }

private:
    struct Connection {
        int socket = -1;
        bool busy = false;
        Call call;
        std::string received;
    };

    void open(std::size_t index);
    void send(std::size_t index, Call call);
    void receive(std::size_t index);
    void take(std::size_t index);
    void finish(std::size_t index, Response response);
    void broken(std::size_t index);

    Endpoint endpoint_;
    OnAnswer onAnswer_;
    int epoll_ = -1;
    std::vector<Connection> connections_;
    std::deque<std::size_t> idle_;  ///< taken in turn, so that all connections see traffic
    std::deque<Call> queue_;
};

}  // namespace jobload
