#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace emulator {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// One HTTP/1.x request. Header names are lower case; a repeated header keeps every value.
struct Request {
    std::string method;
    std::string path;
    std::string query;
    Pairs headers;
    std::string body;
    bool isKeptAlive = true;
    std::uint64_t connection = 0;
    std::int64_t receivedMs = 0;

    // First value of a header (name in lower case); empty when it is absent.
    std::string_view header(std::string_view name) const;
    std::size_t countHeader(std::string_view name) const;
};

struct Reply {
    int status = 200;
    std::string body;
    std::string_view contentType = "application/json";
    Pairs headers;
    std::int64_t holdMs = 0;              // the call takes this long
    std::function<void()> whenAbandoned;  // called when the client leaves before the answer
};

// How an answer leaves: whole, or spoiled on purpose.
struct Delivery {
    enum class Manner {
        kWhole,
        kCut,      // the connection closes without an answer
        kCutBody,  // the first `bytes` of the body, then the connection closes
        kDribble,  // the head, then `bytes` of the body each `stepMs`
        kHeld,     // never answered; closed after `stepMs` when that is not 0
    };
    Manner manner = Manner::kWhole;
    Reply reply;
    std::int64_t delayMs = 0;
    std::size_t bytes = 0;
    std::int64_t stepMs = 0;
    bool isReset = false;    // a cut is a TCP reset
    bool isChunked = false;  // Transfer-Encoding: chunked in place of Content-Length
    bool isLast = false;     // Connection: close
};

// The status line and headers of a reply, up to and including the empty line.
std::string renderHead(const Delivery& delivery, bool isKeptAlive);

// A body in chunks of a few KiB, with the last chunk.
std::string chunkedBody(std::string_view body);

// Name=value pairs of a query string, percent-decoded.
Pairs parseQuery(std::string_view query);

}  // namespace emulator
