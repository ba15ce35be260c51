#include "http_message.h"

#include <algorithm>
#include <cstdio>

namespace emulator {

namespace {

struct Reason {
    int status;
    std::string_view text;
};

constexpr Reason kReasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {307, "Temporary Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

std::string_view reasonOf(int status) {
    for (const Reason& reason : kReasons) {
        if (reason.status == status) {
            return reason.text;
        }
    }
    return "Status";
}

int hexDigit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string percentDecoded(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool isEscape = text[i] == '%' && i + 2 < text.size() && hexDigit(text[i + 1]) >= 0 &&
                              hexDigit(text[i + 2]) >= 0;
        if (isEscape) {
            out += static_cast<char>(hexDigit(text[i + 1]) * 16 + hexDigit(text[i + 2]));
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

std::size_t Request::countHeader(std::string_view name) const {
    return static_cast<std::size_t>(std::count_if(
        headers.begin(), headers.end(), [name](const auto& pair) { return pair.first == name; }));
}

std::string renderHead(const Delivery& delivery, bool isKeptAlive) {
    const Reply& reply = delivery.reply;
    std::string head;
    head.reserve(512);
    head += "HTTP/1.1 ";
    head += std::to_string(reply.status);
    head += ' ';
    head += reasonOf(reply.status);
    head += "\r\nContent-Type: ";
    head += reply.contentType;
    if (delivery.isChunked) {
        head += "\r\nTransfer-Encoding: chunked\r\n";
    } else {
        head += "\r\nContent-Length: ";
        head += std::to_string(reply.body.size());
        head += "\r\n";
    }
    for (const auto& [name, value] : reply.headers) {
        head += name;
        head += ": ";
        head += value;
        head += "\r\n";
    }
    head += isKeptAlive ? "\r\n" : "Connection: close\r\n\r\n";
    return head;
}

std::string chunkedBody(std::string_view body) {
    constexpr std::size_t kChunk = 4096;
    std::string out;
    while (!body.empty()) {
        const std::string_view chunk = body.substr(0, kChunk);
        char size[32];
        std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
        out += size;
        out += chunk;
        out += "\r\n";
        body.remove_prefix(chunk.size());
    }
    out += "0\r\n\r\n";
    return out;
}

Pairs parseQuery(std::string_view query) {
    Pairs pairs;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view item = query.substr(0, end);
        const std::size_t equals = std::min(item.find('='), item.size());
        if (!item.empty()) {
            const std::string_view value = item.substr(std::min(equals + 1, item.size()));
            pairs.emplace_back(percentDecoded(item.substr(0, equals)), percentDecoded(value));
        }
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return pairs;
}

}  // namespace emulator
