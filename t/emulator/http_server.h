#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "byte_stream.h"
#include "http_message.h"
#include "request_parser.h"
#include "timers.h"

namespace emulator {

// HTTP/1.1 on one epoll loop in one thread. A connection works on one request at a time: what is
// pipelined behind it waits, so answers keep their order even when one of them is delayed.
class HttpServer {
public:
    using Handler = std::function<Delivery(Request&&)>;
    using BadRequestReply = std::function<Reply(int status, std::string_view text)>;

    struct Load {
        std::size_t open = 0;
        std::size_t peak = 0;
        std::uint64_t accepted = 0;
    };

    HttpServer(Handler handler, BadRequestReply badRequestReply, SslContext tls);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    // Binds and listens; port 0 takes a free one. Returns the port, 0 when it is not possible.
    std::uint16_t listenOn(const std::string& host, std::uint16_t port);

    // Serves until SIGTERM or SIGINT.
    void run();

    Timers& timers() { return timers_; }
    const Load& load() const { return load_; }
    void forgetPeak() { load_.peak = load_.open; }

private:
    struct Connection {
        Connection(std::uint64_t number, int fd, SSL_CTX* context)
            : id(number), stream(fd, context) {}

        std::uint64_t id;
        ByteStream stream;
        RequestParser parser;
        std::string out;
        std::size_t sent = 0;
        std::uint32_t armed = 0;  // epoll events that are asked for
        bool isBusy = false;      // a request is being answered
        bool isHeld = false;      // it will never be answered
        bool keepsAlive = true;   // after the answer under way
        bool closesWhenSent = false;
        bool hasEnded = false;    // the peer sends no more
        bool isDraining = false;  // refused midway: what still comes is thrown away
        bool isDoomed = false;
        std::function<void()> whenAbandoned;  // of the request that is being answered
    };

    void acceptAll();
    void serve(Connection& connection, std::uint32_t events);
    void readAll(Connection& connection);
    void handleBuffered(Connection& connection);
    void refuse(Connection& connection);
    void deliver(Connection& connection, Delivery delivery);
    void deliverLater(Connection& connection, Delivery delivery);
    void send(Connection& connection, Delivery&& delivery);
    void dribble(std::uint64_t id, const std::shared_ptr<const Delivery>& delivery,
                 std::size_t from);
    void finishAnswer(Connection& connection);
    void flush(Connection& connection);
    void closeSent(Connection& connection);
    void arm(Connection& connection);
    void doom(Connection& connection);
    void abandon(Connection& connection);
    void buryDoomed();
    Connection* find(std::uint64_t id);
    int waitMs() const;

    Handler handler_;
    BadRequestReply badRequestReply_;
    SslContext tls_;
    Timers timers_;
    Load load_;
    int epoll_ = -1;
    int listener_ = -1;
    int signals_ = -1;
    std::uint64_t lastId_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
    std::vector<std::uint64_t> doomed_;
    std::vector<char> readBuffer_;
};

}  // namespace emulator
