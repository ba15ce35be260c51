#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace jobload {

struct Response {
    int status = 0;
    std::string body;
    bool closes = false;   ///< the server said "Connection: close"
    std::size_t size = 0;  ///< bytes of the input that it took
};

enum class Incomplete { kNeedsMore, kMalformed };

/// One response from the front of `input` (RFC 9112): Content-Length, chunked, or none for 204
/// and 304. A body that only ends with the connection is malformed here.
std::variant<Response, Incomplete> parseResponse(std::string_view input);

}  // namespace jobload
