#include "http_response.h"

#include <strings.h>

#include <charconv>

namespace jobload {

namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

struct Head {
    int status = 0;
    std::size_t length = 0;
    bool hasLength = false;
    bool chunked = false;
    bool closes = false;
};

std::optional<Head> parseHead(std::string_view head);
void readHeader(std::string_view line, Head& head);
std::variant<Response, Incomplete> takeChunks(std::string_view input, Response response);

bool equalsIgnoringCase(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::optional<std::size_t> number(std::string_view digits, int base) {
    std::size_t value = 0;
    auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    return parsed.ec == std::errc() ? std::optional(value) : std::nullopt;
}

}  // namespace

std::variant<Response, Incomplete> parseResponse(std::string_view input) {
    auto end = input.find(kHeadEnd);
    if (end == std::string_view::npos) {
        return Incomplete::kNeedsMore;
    }
    auto head = parseHead(input.substr(0, end));
    if (!head) {
        return Incomplete::kMalformed;
    }

    Response response;
    response.status = head->status;
    response.closes = head->closes;
    response.size = end + kHeadEnd.size();
    if (head->status == 204 || head->status == 304) {
        return response;
    }
    if (head->chunked) {
        return takeChunks(input, std::move(response));
    }
    if (!head->hasLength) {
        return Incomplete::kMalformed;
    }
    if (input.size() - response.size < head->length) {
        return Incomplete::kNeedsMore;
    }
    response.body = input.substr(response.size, head->length);
    response.size += head->length;
    return response;
}

namespace {

std::optional<Head> parseHead(std::string_view text) {
    constexpr std::string_view kVersion = "HTTP/1.1 ";
    if (text.substr(0, kVersion.size()) != kVersion || text.size() < kVersion.size() + 3) {
        return std::nullopt;
    }
    auto status = number(text.substr(kVersion.size(), 3), 10);
    if (!status) {
        return std::nullopt;
    }

    Head head;
    head.status = static_cast<int>(*status);
    for (auto at = text.find(kLineEnd); at != std::string_view::npos;) {
        auto start = at + kLineEnd.size();
        at = text.find(kLineEnd, start);
        readHeader(text.substr(start, at == std::string_view::npos ? at : at - start), head);
    }
    return head;
}

void readHeader(std::string_view line, Head& head) {
    auto colon = line.find(':');
    if (colon == std::string_view::npos) {
        return;
    }
    auto name = line.substr(0, colon);
    auto value = line.substr(colon + 1);
    while (!value.empty() && value.front() == ' ') {
        value.remove_prefix(1);
    }
    if (equalsIgnoringCase(name, "content-length")) {
        auto length = number(value, 10);
        head.hasLength = length.has_value();
        head.length = length.value_or(0);
    } else if (equalsIgnoringCase(name, "transfer-encoding")) {
        head.chunked = equalsIgnoringCase(value, "chunked");
    } else if (equalsIgnoringCase(name, "connection")) {
        head.closes = equalsIgnoringCase(value, "close");
    }
}

std::variant<Response, Incomplete> takeChunks(std::string_view input, Response response) {
    for (;;) {
        auto lineEnd = input.find(kLineEnd, response.size);
        if (lineEnd == std::string_view::npos) {
            return Incomplete::kNeedsMore;
        }
        auto size = number(input.substr(response.size, lineEnd - response.size), 16);
        if (!size) {
            return Incomplete::kMalformed;
        }
        auto data = lineEnd + kLineEnd.size();
        if (input.size() < data + *size + kLineEnd.size()) {
            return Incomplete::kNeedsMore;
        }
        response.body.append(input.substr(data, *size));
        response.size = data + *size + kLineEnd.size();
        if (*size == 0) {
            return response;
        }
    }
}

}  // namespace

}  // namespace jobload
