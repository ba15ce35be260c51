#pragma once

#include <netinet/in.h>

#include <optional>
#include <string>
#include <string_view>

namespace jobload {

/// Where requests go: an IPv4 literal, a port and the path prefix.
struct Endpoint {
    sockaddr_in address{};
    std::string host;  ///< "127.0.0.1:8080", for the Host header
    std::string path;  ///< "/simulations"
};

/// Parses "http://127.0.0.1:8080/path"; names are refused, a benchmark does not resolve.
std::optional<Endpoint> parseEndpoint(std::string_view url);

/// A whole HTTP/1.1 request; `headers` are lines with CRLF between them. Empty headers or an empty
/// body leave out what belongs to them.
std::string renderRequest(std::string_view method, const Endpoint& endpoint, std::string_view path,
                          std::string_view headers, std::string_view body = {});

}  // namespace jobload
