#pragma once

#include <string>

#include "calls.h"
#include "control.h"
#include "faults.h"
#include "http_server.h"
#include "options.h"
#include "request_log.h"
#include "statistics.h"
#include "world.h"

namespace emulator {

// The emulator as a whole: takes each request to the call it means, and the answer back.
class Service {
public:
    Service(const Options& options, SslContext tls);
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    // False when the log file cannot be written.
    bool openLog(const std::string& file) { return log_.openFile(file); }
    std::uint16_t listenOn(const std::string& host, std::uint16_t port) {
        return server_.listenOn(host, port);
    }
    void run() { server_.run(); }

private:
    Delivery serve(Request&& request);
    Delivery serveApi(Request&& request);
    Delivery serveSpoiled(const Fault& fault, Request& request, const Route& route);
    void carryOutLater(std::int64_t delayMs, const Request& request, const Route& route);
    Reply perform(const Request& request, const Route& route);
    Reply refuseMalformed(int status, std::string_view text);
    void addProviderHeaders(Reply& reply);
    void note(const Request& request, std::string_view call, int status, std::string_view fault);

    const Settings firstSettings_;
    Settings settings_;
    World world_;
    FaultPlan faults_;
    RequestLog log_;
    Statistics statistics_;
    HttpServer server_;
};

}  // namespace emulator
