#include "request_parser.h"

#include <algorithm>
#include <charconv>

namespace emulator {

namespace {

std::string_view trimmed(std::string_view text) {
    const auto isBlank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && isBlank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && isBlank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

std::string lowered(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    return out;
}

std::optional<std::size_t> parseNumber(std::string_view text, int base) {
    std::size_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, base);
    if (text.empty() || error != std::errc() || stop != end) {
        return std::nullopt;
    }
    return value;
}

}  // namespace

RequestParser::Outcome RequestParser::next(Request& request) {
    Outcome outcome = Outcome::kMore;
    switch (state_) {
        case State::kHead:
            outcome = readHead();
            break;
        case State::kLengthBody:
            outcome = readLengthBody();
            break;
        case State::kChunkSize:
            outcome = readChunkSize();
            break;
        case State::kChunkData:
            outcome = readChunkData();
            break;
        case State::kTrailer:
            outcome = readTrailer();
            break;
    }
    compact();
    if (outcome == Outcome::kMore && owesContinue_) {
        owesContinue_ = false;
        return Outcome::kContinue;
    }
    if (outcome == Outcome::kReady) {
        request = std::move(current_);
        current_ = Request{};
    }
    return outcome;
}

RequestParser::Outcome RequestParser::readHead() {
    while (buffer_.compare(at_, 2, "\r\n") == 0) {
        at_ += 2;  // RFC 9112 2.2: empty lines before a request line are ignored
    }
    const std::size_t end = buffer_.find("\r\n\r\n", at_);
    if (end == std::string::npos) {
        return buffer_.size() - at_ > kMaxHead ? bad(431, "The headers are too large.")
                                               : Outcome::kMore;
    }
    const std::size_t headEnd = end + 4;
    if (!readRequestLine(*takeLine())) {
        return bad(400, "The request line is malformed.");
    }
    while (at_ + 2 < headEnd) {
        if (!readHeaderLine(*takeLine())) {
            return bad(400, "A header line is malformed.");
        }
    }
    at_ = headEnd;
    return chooseBody();
}

bool RequestParser::readRequestLine(std::string_view line) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
        return false;
    }
    const std::string_view version = line.substr(last + 1);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    if ((version != "HTTP/1.1" && version != "HTTP/1.0") || target.empty() || target[0] != '/' ||
        target.find(' ') != std::string_view::npos) {
        return false;
    }
    const std::size_t mark = std::min(target.find('?'), target.size());
    current_.method = line.substr(0, first);
    current_.path = target.substr(0, mark);
    current_.query = target.substr(std::min(mark + 1, target.size()));
    current_.isKeptAlive = version == "HTTP/1.1";
    return true;
}

bool RequestParser::readHeaderLine(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || line[colon - 1] == ' ' || line[0] == ' ') {
        return false;
    }
    current_.headers.emplace_back(lowered(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
    return true;
}

RequestParser::Outcome RequestParser::chooseBody() {
    if (current_.isKeptAlive && current_.countHeader("host") != 1) {
        return bad(400, "Exactly one Host header is needed.");
    }
    const std::string connection = lowered(current_.header("connection"));
    if (connection == "close" || connection == "keep-alive") {
        current_.isKeptAlive = connection == "keep-alive";
    }
    owesContinue_ = lowered(current_.header("expect")) == "100-continue";
    const bool hasLength = current_.countHeader("content-length") > 0;
    if (current_.countHeader("transfer-encoding") > 0) {
        if (hasLength || lowered(current_.header("transfer-encoding")) != "chunked") {
            return bad(400, "The framing of the body is ambiguous.");
        }
        state_ = State::kChunkSize;
        return readChunkSize();
    }
    if (!hasLength) {
        return finish();
    }
    const auto length = parseNumber(current_.header("content-length"), 10);
    if (!length || current_.countHeader("content-length") != 1) {
        return bad(400, "Content-Length is malformed.");
    }
    if (*length > kMaxBody) {
        return bad(413, "The request body is too large.");
    }
    need_ = *length;
    state_ = State::kLengthBody;
    return readLengthBody();
}

RequestParser::Outcome RequestParser::readLengthBody() {
    if (buffer_.size() - at_ < need_) {
        return Outcome::kMore;
    }
    current_.body.assign(buffer_, at_, need_);
    at_ += need_;
    return finish();
}

RequestParser::Outcome RequestParser::readChunkSize() {
    const auto line = takeLine();
    if (!line) {
        return buffer_.size() - at_ > 1024 ? bad(400, "A chunk size is malformed.")
                                           : Outcome::kMore;
    }
    const auto size = parseNumber(trimmed(line->substr(0, line->find(';'))), 16);
    if (!size) {
        return bad(400, "A chunk size is malformed.");
    }
    if (*size > kMaxBody - current_.body.size()) {
        return bad(413, "The request body is too large.");
    }
    if (*size == 0) {
        state_ = State::kTrailer;
        return readTrailer();
    }
    need_ = *size;
    state_ = State::kChunkData;
    return readChunkData();
}

RequestParser::Outcome RequestParser::readChunkData() {
    if (buffer_.size() - at_ < need_ + 2) {
        return Outcome::kMore;
    }
    if (buffer_.compare(at_ + need_, 2, "\r\n") != 0) {
        return bad(400, "A chunk does not end where it should.");
    }
    current_.body.append(buffer_, at_, need_);
    at_ += need_ + 2;
    state_ = State::kChunkSize;
    return readChunkSize();
}

RequestParser::Outcome RequestParser::readTrailer() {
    while (const auto line = takeLine()) {
        if (line->empty()) {
            return finish();
        }
    }
    return buffer_.size() - at_ > kMaxHead ? bad(431, "The trailers are too large.")
                                           : Outcome::kMore;
}

RequestParser::Outcome RequestParser::finish() {
    owesContinue_ = false;
    state_ = State::kHead;
    return Outcome::kReady;
}

RequestParser::Outcome RequestParser::bad(int status, std::string_view text) {
    problem_ = {status, text};
    return Outcome::kBad;
}

std::optional<std::string_view> RequestParser::takeLine() {
    const std::size_t end = buffer_.find("\r\n", at_);
    if (end == std::string::npos) {
        return std::nullopt;
    }
    const std::string_view line = std::string_view(buffer_).substr(at_, end - at_);
    at_ = end + 2;
    return line;
}

void RequestParser::compact() {
    if (at_ == buffer_.size()) {
        buffer_.clear();
        at_ = 0;
    } else if (at_ > kMaxHead) {
        buffer_.erase(0, at_);
        at_ = 0;
    }
}

}  // namespace emulator
