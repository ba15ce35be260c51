#include "http_pool.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace jobload {

namespace {

constexpr int kEventsAtOnce = 256;
constexpr std::size_t kReadSize = 65536;

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

HttpPool::HttpPool(const Endpoint& endpoint, std::size_t connections, OnAnswer onAnswer)
    : endpoint_(endpoint), onAnswer_(std::move(onAnswer)), connections_(connections) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) {
        fail("epoll_create1");
    }
    for (std::size_t index = 0; index < connections_.size(); ++index) {
        open(index);
        idle_.push_back(index);
    }
}

HttpPool::~HttpPool() {
    for (auto& connection : connections_) {
        close(connection.socket);
    }
    close(epoll_);
}

void HttpPool::call(Call call) {
    if (idle_.empty()) {
        queue_.push_back(std::move(call));
        return;
    }
    auto index = idle_.front();
    idle_.pop_front();
    send(index, std::move(call));
}

void HttpPool::wait(Nanos until) {
    auto left = std::max<Nanos>(until - now(), 0);
    timespec timeout{left / kSecond, left % kSecond};
    std::array<epoll_event, kEventsAtOnce> events;
    int count = epoll_pwait2(epoll_, events.data(), kEventsAtOnce, &timeout, nullptr);
    for (int i = 0; i < count; ++i) {
        receive(events[static_cast<std::size_t>(i)].data.u64);
    }
}

void HttpPool::open(std::size_t index) {
    auto& connection = connections_[index];
    connection.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // Blocking until connected: on the loopback this is immediate, and afterwards only recv with
    // MSG_DONTWAIT is used.
    if (connection.socket < 0 ||
        connect(connection.socket, reinterpret_cast<const sockaddr*>(&endpoint_.address),
                sizeof endpoint_.address) != 0) {
        fail("connect");
    }
    int on = 1;
    setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket, &event) != 0) {
        fail("epoll_ctl");
    }
}

void HttpPool::send(std::size_t index, Call call) {
    auto& connection = connections_[index];
    connection.call = std::move(call);
    connection.busy = true;
    // Requests are far smaller than the socket buffer of a connection that carries one at a time.
    const auto& request = connection.call.request;
    auto sent = ::send(connection.socket, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(request.size())) {
        broken(index);
    }
}

void HttpPool::receive(std::size_t index) {
    static thread_local std::array<char, kReadSize> buffer;
    auto& connection = connections_[index];
    auto count = recv(connection.socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (count <= 0) {
        broken(index);
        return;
    }
    connection.received.append(buffer.data(), static_cast<std::size_t>(count));
    take(index);
}

void HttpPool::take(std::size_t index) {
    auto& connection = connections_[index];
    auto parsed = parseResponse(connection.received);
    if (auto* incomplete = std::get_if<Incomplete>(&parsed)) {
        if (*incomplete == Incomplete::kMalformed) {
            broken(index);
        }
        return;
    }
    auto& response = std::get<Response>(parsed);
    bool isExact = connection.busy && response.size == connection.received.size();
    if (!isExact) {
        broken(index);
        return;
    }
    connection.received.clear();
    if (response.closes) {
        close(connection.socket);
        open(index);
    }
    finish(index, std::move(response));
}

void HttpPool::finish(std::size_t index, Response response) {
    auto& connection = connections_[index];
    auto call = std::move(connection.call);
    connection.busy = false;
    if (queue_.empty()) {
        idle_.push_back(index);
    } else {
        auto next = std::move(queue_.front());
        queue_.pop_front();
        send(index, std::move(next));
    }
    onAnswer_(call, std::move(response));
}

void HttpPool::broken(std::size_t index) {
    auto& connection = connections_[index];
    close(connection.socket);
    connection.received.clear();
    open(index);
    if (connection.busy) {
        finish(index, Response{});
    }
}

}  // namespace jobload
