#pragma once

#include <curl/curl.h>

#include <memory>

#include "edgerun/loop/loop_event.h"
#include "edgerun/loop/socket_table.h"

namespace edgerun::loop {

/// libcurl's multi handle driven by NGINX's events and timers.
class CurlMulti : private SocketTable::Listener {
public:
    class Listener {
    public:
        /// A transfer has ended and is no longer part of the multi handle.
        virtual void onDone(CURL* easy, CURLcode code) noexcept = 0;
        /// NGINX wants every connection closed: remove all transfers. Called
        /// outside libcurl.
        virtual void onForcedClose() noexcept = 0;

    protected:
        ~Listener() = default;
    };

    /// Null if libcurl cannot be set up.
    static std::unique_ptr<CurlMulti> create(Listener& listener);
    ~CurlMulti();
    CurlMulti(const CurlMulti&) = delete;
    CurlMulti& operator=(const CurlMulti&) = delete;

    /// When a transfer ends and there are more connections than that, busy ones
    /// included, the one that is idle for the longest time is closed.
    void keepConnections(long most);
    /// Sockets of this handle are made and closed by this loop.
    void adopt(CURL* easy);
    bool add(CURL* easy);
    /// Only while isInside() is false.
    void remove(CURL* easy);
    /// libcurl is on the stack: it must not be entered again.
    bool isInside() const { return inside_; }
    /// Sockets that are open, idle ones included.
    std::size_t sockets() const { return sockets_.count(); }

private:
    explicit CurlMulti(Listener& listener);

    void onReady(curl_socket_t fd, int bits) noexcept override;
    void onForcedClose() noexcept override;
    void act(curl_socket_t fd, int bits);
    void actOnAll();
    void reap();

    static curl_socket_t openSocket(void* table, curlsocktype type,
                                    curl_sockaddr* address) noexcept;
    static int closeSocket(void* table, curl_socket_t fd) noexcept;
    static int watchSocket(CURL* easy, curl_socket_t fd, int what, void* self, void*) noexcept;
    static int setTimer(CURLM* multi, long ms, void* self) noexcept;
    static void onTimer(void* self) noexcept;
    static void onKick(void* self) noexcept;

    Listener& listener_;
    CURLM* multi_ = nullptr;
    SocketTable sockets_;
    LoopEvent timer_;
    LoopEvent kick_;
    bool inside_ = false;
    bool forcedClose_ = false;
    bool attemptEnded_ = false;
};

}  // namespace edgerun::loop
