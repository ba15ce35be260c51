#pragma once

#include <string_view>

#include "faults.h"
#include "http_message.h"
#include "http_server.h"
#include "request_log.h"
#include "statistics.h"
#include "world.h"

namespace emulator {

// What the control endpoints work on. Owned by the service.
struct ControlParts {
    Settings& settings;
    const Settings& firstSettings;  // of the command line
    World& world;
    FaultPlan& faults;
    RequestLog& log;
    Statistics& statistics;
    HttpServer& server;
};

bool isControlPath(std::string_view path);

// The endpoints under /_emulator/, for tests and benchmarks: no key, no faults, no log.
Reply serveControl(const ControlParts& parts, const Request& request);

}  // namespace emulator
