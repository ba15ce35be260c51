#pragma once

#include <string>
#include <string_view>

#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/api_error.h"

namespace edgerun::nginx {

/// edgerun_error_format.
enum class ErrorFormat {
    Simple,   ///< {"error", "message", "statusCode"}
    Problem,  ///< RFC 9457, application/problem+json
    OpenAi,   ///< {"error": {"message", "type", "param", "code"}}
};

/// What the request gets: the location's format, or Problem where its Accept
/// header asks for application/problem+json (RFC 9110 section 12.5.1).
ErrorFormat errorFormatOf(const ngx_http_request_t* r, ErrorFormat configured);

std::string renderError(const ApiError& error, ErrorFormat format);
std::string_view contentTypeOf(ErrorFormat format);

}  // namespace edgerun::nginx
