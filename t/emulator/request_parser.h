#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http_message.h"

namespace emulator {

// Cuts a byte stream into requests: Content-Length and chunked bodies, pipelining, RFC 9112.
class RequestParser {
public:
    static constexpr std::size_t kMaxHead = 64 * 1024;
    static constexpr std::size_t kMaxBody = 8 * 1024 * 1024;

    enum class Outcome {
        kMore,      // bytes are missing
        kContinue,  // the client waits for "100 Continue"; then as kMore
        kReady,     // `request` is complete
        kBad,       // `problem` says why; the stream cannot go on
    };
    struct Problem {
        int status;
        std::string_view text;
    };

    void append(std::string_view bytes) { buffer_ += bytes; }
    Outcome next(Request& request);
    Problem problem() const { return problem_; }

    // True while some bytes of a request have come, but not all.
    bool isInside() const { return state_ != State::kHead || !buffer_.empty(); }

private:
    enum class State { kHead, kLengthBody, kChunkSize, kChunkData, kTrailer };

    Outcome bad(int status, std::string_view text);
    Outcome readHead();
    bool readRequestLine(std::string_view line);
    bool readHeaderLine(std::string_view line);
    Outcome chooseBody();
    Outcome readLengthBody();
    Outcome readChunkSize();
    Outcome readChunkData();
    Outcome readTrailer();
    Outcome finish();
    std::optional<std::string_view> takeLine();
    void compact();

    State state_ = State::kHead;
    std::string buffer_;
    std::size_t at_ = 0;  // bytes of buffer_ that are consumed
    std::size_t need_ = 0;
    bool owesContinue_ = false;
    Request current_;
    Problem problem_{400, ""};
};

}  // namespace emulator
