#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "edgerun/loop/ngx.h"

namespace edgerun::loop {

/// One HTTP server that the client talks to. Constant for the life of a
/// configuration; the client keeps what changes (addresses, idle handles).
struct Upstream {
    std::string name;    ///< for logs
    std::string scheme;  ///< "http" or "https"
    std::string host;    ///< as in the URL, without brackets
    std::uint16_t port = 0;
    std::string path;   ///< base path without trailing slash, or empty
    std::string query;  ///< extra arguments "a=b&c=d", or empty
    /// IP addresses found when the configuration was read; empty for a literal
    /// address, or when only `resolver` can tell.
    std::vector<std::string> addresses;
    ngx_resolver_t* resolver = nullptr;      ///< NGINX's, or null
    std::uint64_t resolverTimeout = 30'000;  ///< ms

    std::vector<std::string> headers;  ///< "Name: value" for every call
    std::vector<std::string> secrets;  ///< in these; nobody is to see them in a response

    bool verify = true;               ///< the server's certificate and name
    std::string trustedCertificates;  ///< PEM file, empty: the system's
    std::string tlsName;              ///< name in SNI and certificate, empty: host

    std::uint64_t connectTimeout = 5'000;  ///< ms
    std::size_t maxTransfers = 512;        ///< at once; more are queued
    std::size_t maxResponse = 4 << 20;     ///< bytes of a body
};

}  // namespace edgerun::loop
