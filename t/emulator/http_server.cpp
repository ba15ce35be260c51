#include "http_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

#include "clock.h"

namespace emulator {

namespace {

// epoll carries connection numbers; the two descriptors that are not connections take the first.
constexpr std::uint64_t kListenerId = 0;
constexpr std::uint64_t kSignalsId = 1;
constexpr std::uint64_t kLastReservedId = 15;
constexpr std::size_t kReadSize = 256 * 1024;

int openSignals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

void watch(int epoll, int fd, std::uint64_t id) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = id;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

}  // namespace

HttpServer::HttpServer(Handler handler, BadRequestReply badRequestReply, SslContext tls)
    : handler_(std::move(handler)),
      badRequestReply_(std::move(badRequestReply)),
      tls_(std::move(tls)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      signals_(openSignals()),
      lastId_(kLastReservedId),
      readBuffer_(kReadSize) {
    std::signal(SIGPIPE, SIG_IGN);
    watch(epoll_, signals_, kSignalsId);
}

HttpServer::~HttpServer() {
    connections_.clear();
    for (const int fd : {listener_, signals_, epoll_}) {
        if (fd >= 0) {
            close(fd);
        }
    }
}

std::uint16_t HttpServer::listenOn(const std::string& host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
        return 0;
    }
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, generic, size) != 0 || ::listen(listener_, SOMAXCONN) != 0 ||
        getsockname(listener_, generic, &size) != 0) {
        return 0;
    }
    watch(epoll_, listener_, kListenerId);
    return ntohs(address.sin_port);
}

void HttpServer::run() {
    std::vector<epoll_event> events(512);
    for (;;) {
        const int count =
            epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), waitMs());
        timers_.runDue(nowMs());  // First: after a standstill they are older than what has come.
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            if (event.data.u64 == kSignalsId) {
                return;
            }
            if (event.data.u64 == kListenerId) {
                acceptAll();
            } else if (Connection* connection = find(event.data.u64)) {
                serve(*connection, event.events);
            }
        }
        buryDoomed();
    }
}

void HttpServer::acceptAll() {
    for (;;) {
        const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        const int yes = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        const std::uint64_t id = ++lastId_;
        auto connection = std::make_unique<Connection>(id, fd, tls_.get());
        connection->armed = EPOLLIN;
        watch(epoll_, fd, id);
        connections_.emplace(id, std::move(connection));
        ++load_.accepted;
        load_.open = connections_.size();
        load_.peak = std::max(load_.peak, load_.open);
    }
}

void HttpServer::serve(Connection& connection, std::uint32_t events) {
    if (connection.hasEnded && (events & (EPOLLHUP | EPOLLERR)) != 0) {
        doom(connection);
        return;
    }
    if (!connection.hasEnded) {
        readAll(connection);
    }
    handleBuffered(connection);
    flush(connection);
}

void HttpServer::readAll(Connection& connection) {
    do {
        std::size_t count = 0;
        switch (connection.stream.read(readBuffer_.data(), readBuffer_.size(), count)) {
            case ByteStream::Result::kDone:
                if (!connection.isDraining) {
                    connection.parser.append({readBuffer_.data(), count});
                }
                break;
            case ByteStream::Result::kAgain:
                return;
            case ByteStream::Result::kEnd:
                connection.hasEnded = true;
                if (connection.whenAbandoned) {
                    doom(connection);
                    return;
                }
                if (!connection.isBusy || connection.isHeld || connection.isDraining) {
                    connection.closesWhenSent = true;
                    connection.isDraining = false;
                }
                return;
            case ByteStream::Result::kFailed:
                doom(connection);
                return;
        }
    } while (connection.stream.hasBuffered());
}

void HttpServer::handleBuffered(Connection& connection) {
    while (!connection.isBusy && !connection.isDoomed) {
        Request request;
        switch (connection.parser.next(request)) {
            case RequestParser::Outcome::kMore:
                return;
            case RequestParser::Outcome::kContinue:
                connection.out += "HTTP/1.1 100 Continue\r\n\r\n";
                return;
            case RequestParser::Outcome::kBad:
                refuse(connection);
                return;
            case RequestParser::Outcome::kReady:
                break;
        }
        connection.isBusy = true;
        connection.keepsAlive = request.isKeptAlive && !connection.hasEnded;
        request.connection = connection.id;
        request.receivedMs = nowMs();
        Delivery delivery = handler_(std::move(request));
        connection.whenAbandoned = std::move(delivery.reply.whenAbandoned);
        deliver(connection, std::move(delivery));
    }
}

void HttpServer::refuse(Connection& connection) {
    const auto [status, text] = connection.parser.problem();
    Delivery delivery;
    delivery.reply = badRequestReply_(status, text);
    connection.isBusy = true;
    connection.keepsAlive = false;
    connection.isDraining = true;
    send(connection, std::move(delivery));
}

void HttpServer::deliver(Connection& connection, Delivery delivery) {
    if (delivery.delayMs > 0) {
        deliverLater(connection, std::move(delivery));
        return;
    }
    switch (delivery.manner) {
        case Delivery::Manner::kWhole:
        case Delivery::Manner::kCutBody:
        case Delivery::Manner::kDribble:
            send(connection, std::move(delivery));
            return;
        case Delivery::Manner::kCut:
            connection.whenAbandoned = nullptr;
            if (delivery.isReset) {
                connection.stream.makeReset();
            }
            doom(connection);
            return;
        case Delivery::Manner::kHeld:
            connection.isHeld = true;
            if (delivery.stepMs > 0) {
                Delivery end;
                end.manner = Delivery::Manner::kCut;
                end.isReset = delivery.isReset;
                end.delayMs = delivery.stepMs;
                deliverLater(connection, std::move(end));
            }
            return;
    }
}

void HttpServer::deliverLater(Connection& connection, Delivery delivery) {
    const std::int64_t dueMs = nowMs() + delivery.delayMs;
    delivery.delayMs = 0;
    auto shared = std::make_shared<Delivery>(std::move(delivery));
    timers_.at(dueMs, [this, shared, id = connection.id] {
        if (Connection* target = find(id)) {
            deliver(*target, std::move(*shared));
            handleBuffered(*target);
            flush(*target);
        }
    });
}

void HttpServer::send(Connection& connection, Delivery&& delivery) {
    connection.whenAbandoned = nullptr;
    const bool isKept = connection.keepsAlive && !delivery.isLast;
    connection.keepsAlive = isKept && delivery.manner != Delivery::Manner::kCutBody;
    connection.out += renderHead(delivery, isKept);
    if (delivery.isChunked) {
        delivery.reply.body = chunkedBody(delivery.reply.body);
    }
    if (delivery.manner == Delivery::Manner::kDribble) {
        dribble(connection.id, std::make_shared<const Delivery>(std::move(delivery)), 0);
        return;
    }
    const bool isCut = delivery.manner == Delivery::Manner::kCutBody;
    connection.out.append(delivery.reply.body, 0, isCut ? delivery.bytes : std::string::npos);
    finishAnswer(connection);
}

void HttpServer::dribble(std::uint64_t id, const std::shared_ptr<const Delivery>& delivery,
                         std::size_t from) {
    Connection* connection = find(id);
    if (connection == nullptr) {
        return;
    }
    const std::string& body = delivery->reply.body;
    const std::size_t step = std::max<std::size_t>(delivery->bytes, 1);
    connection->out.append(body, from, step);
    if (from + step >= body.size()) {
        finishAnswer(*connection);
        handleBuffered(*connection);
    } else {
        timers_.at(nowMs() + std::max<std::int64_t>(delivery->stepMs, 1),
                   [this, id, delivery, next = from + step] { dribble(id, delivery, next); });
    }
    flush(*connection);
}

void HttpServer::finishAnswer(Connection& connection) {
    connection.isBusy = false;
    if (!connection.keepsAlive || connection.hasEnded) {
        connection.isBusy = true;  // nothing more is answered on this connection
        connection.closesWhenSent = true;
    }
}

void HttpServer::flush(Connection& connection) {
    while (!connection.isDoomed && connection.sent < connection.out.size()) {
        std::size_t count = 0;
        const auto rest = std::string_view(connection.out).substr(connection.sent);
        const auto result = connection.stream.write(rest, count);
        if (result == ByteStream::Result::kAgain) {
            break;
        }
        if (result != ByteStream::Result::kDone) {
            doom(connection);
            return;
        }
        connection.sent += count;
    }
    if (connection.sent == connection.out.size()) {
        connection.out.clear();
        connection.sent = 0;
        if (connection.closesWhenSent) {
            closeSent(connection);
        }
    }
    arm(connection);
}

// Closing on bytes that nobody read would reset the connection and could take the refusal with it.
void HttpServer::closeSent(Connection& connection) {
    constexpr std::int64_t kMostDrainMs = 2000;
    if (!connection.isDraining) {
        doom(connection);
        return;
    }
    connection.closesWhenSent = false;
    shutdown(connection.stream.fd(), SHUT_WR);
    timers_.at(nowMs() + kMostDrainMs, [this, id = connection.id] {
        if (Connection* target = find(id)) {
            doom(*target);
        }
    });
}

void HttpServer::arm(Connection& connection) {
    if (connection.isDoomed) {
        return;
    }
    const bool hasOutput = !connection.out.empty() || connection.stream.wantsWrite();
    const std::uint32_t wanted = (connection.hasEnded ? 0U : EPOLLIN) | (hasOutput ? EPOLLOUT : 0U);
    if (wanted != connection.armed) {
        epoll_event event{};
        event.events = wanted;
        event.data.u64 = connection.id;
        epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.stream.fd(), &event);
        connection.armed = wanted;
    }
}

void HttpServer::doom(Connection& connection) {
    if (!connection.isDoomed) {
        connection.isDoomed = true;
        doomed_.push_back(connection.id);
        abandon(connection);
    }
}

void HttpServer::abandon(Connection& connection) {
    if (connection.whenAbandoned) {
        std::exchange(connection.whenAbandoned, nullptr)();
    }
}

// Connections die here only, so that no step above works on one that is gone.
void HttpServer::buryDoomed() {
    for (const std::uint64_t id : doomed_) {
        connections_.erase(id);
    }
    doomed_.clear();
    load_.open = connections_.size();
}

HttpServer::Connection* HttpServer::find(std::uint64_t id) {
    const auto found = connections_.find(id);
    return found == connections_.end() || found->second->isDoomed ? nullptr : found->second.get();
}

int HttpServer::waitMs() const {
    const auto due = timers_.nextDueMs();
    if (!due) {
        return -1;
    }
    return static_cast<int>(std::clamp<std::int64_t>(*due - nowMs(), 0, 60'000));
}

}  // namespace emulator
