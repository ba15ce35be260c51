#pragma once

#include <string>

#include "calls.h"
#include "http_server.h"
#include "options.h"
#include "world.h"

namespace emulator {

// The emulator as a whole: takes each request to the call it means, and the answer back.
class Service {
public:
    Service(const Options& options, SslContext tls);

    std::uint16_t listenOn(const std::string& host, std::uint16_t port) {
        return server_.listenOn(host, port);
    }
    void run() { server_.run(); }

private:
    Delivery serve(Request&& request);

    Settings settings_;
    World world_;
    HttpServer server_;
};

}  // namespace emulator
