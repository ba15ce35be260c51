#pragma once

#include <curl/curl.h>

#include <vector>

#include "edgerun/loop/ngx.h"

namespace edgerun::loop {

/// libcurl's sockets as NGINX connections, by descriptor. Every socket is made
/// here, and closed here but for what libcurl drops unasked, so that
/// registration in the event loop begins and ends with the descriptor and no
/// stale event can reach a reused one.
class SocketTable {
public:
    class Listener {
    public:
        /// `bits` as curl_multi_socket_action() takes them. The connection may
        /// be gone when this returns.
        virtual void onReady(curl_socket_t fd, int bits) noexcept = 0;
        /// NGINX wants every connection closed (worker_shutdown_timeout).
        virtual void onForcedClose() noexcept = 0;

    protected:
        ~Listener() = default;
    };

    explicit SocketTable(Listener& listener) : listener_(listener) {}
    ~SocketTable();
    SocketTable(const SocketTable&) = delete;
    SocketTable& operator=(const SocketTable&) = delete;

    /// CURL_SOCKET_BAD when NGINX has no connection left: only that transfer
    /// fails.
    curl_socket_t open(const curl_sockaddr& address);
    int close(curl_socket_t fd);
    /// `what` as CURLMOPT_SOCKETFUNCTION gives it. Unknown descriptors (of
    /// libcurl's own making) are left alone. False when libcurl has closed the
    /// socket itself, which it does to a connect attempt that it gives up.
    bool watch(curl_socket_t fd, int what);
    std::size_t count() const { return count_; }

private:
    struct Socket {
        ngx_connection_t* connection = nullptr;
        bool isWatched = false;  ///< libcurl wants to hear of it
    };

    static void onEvent(ngx_event_t* ev) noexcept;
    Socket* find(curl_socket_t fd);
    bool add(int fd);
    void release(Socket& socket);

    Listener& listener_;
    std::vector<Socket> known_;  // by descriptor
    std::size_t count_ = 0;
};

}  // namespace edgerun::loop
