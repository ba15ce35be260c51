#include "endpoint.h"

#include <arpa/inet.h>

#include <charconv>

namespace jobload {

std::optional<Endpoint> parseEndpoint(std::string_view url) {
    constexpr std::string_view kScheme = "http://";
    if (url.substr(0, kScheme.size()) != kScheme) {
        return std::nullopt;
    }
    url.remove_prefix(kScheme.size());
    auto slash = url.find('/');
    auto authority = url.substr(0, slash);
    auto colon = authority.find(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }

    std::uint16_t port = 0;
    auto digits = authority.substr(colon + 1);
    auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    Endpoint endpoint;
    endpoint.address.sin_family = AF_INET;
    endpoint.address.sin_port = htons(port);
    std::string literal(authority.substr(0, colon));
    if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() ||
        inet_pton(AF_INET, literal.c_str(), &endpoint.address.sin_addr) != 1) {
        return std::nullopt;
    }
    endpoint.host = authority;
    endpoint.path = slash == std::string_view::npos ? "/" : url.substr(slash);
    return endpoint;
}

std::string renderRequest(std::string_view method, const Endpoint& endpoint, std::string_view path,
                          std::string_view headers, std::string_view body) {
    std::string request;
    request.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: ");
    request.append(endpoint.host).append("\r\n");
    if (!headers.empty()) {
        request.append(headers).append("\r\n");
    }
    if (!body.empty()) {
        request.append("Content-Type: application/json\r\nContent-Length: ");
        request.append(std::to_string(body.size())).append("\r\n");
    }
    return request.append("\r\n").append(body);
}

}  // namespace jobload
