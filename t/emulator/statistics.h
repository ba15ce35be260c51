#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "http_server.h"
#include "run_records.h"

namespace emulator {

// How often each call came and how it was answered.
class Statistics {
public:
    // `status` 0: no answer was given.
    void count(std::string_view call, int status);
    void clear() { counters_.clear(); }

    // With the connections of the server and what the world holds, as a JSON object.
    std::string render(const HttpServer::Load& load, std::size_t threads, RecordCount runs) const;

private:
    struct Counter {
        std::uint64_t requests = 0;
        std::uint64_t succeeded = 0;  // 2xx
        std::uint64_t refused = 0;    // 4xx
        std::uint64_t failed = 0;     // 5xx and other
        std::uint64_t unanswered = 0;
    };

    std::map<std::string, Counter, std::less<>> counters_;
};

}  // namespace emulator
