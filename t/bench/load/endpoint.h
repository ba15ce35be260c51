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

/// A whole HTTP/1.1 request; an empty credential (a header line) or body leaves out what belongs to
/// it.
std::string renderRequest(std::string_view method, const Endpoint& endpoint, std::string_view path,
                          std::string_view credential, std::string_view body = {});

}  // namespace jobload
