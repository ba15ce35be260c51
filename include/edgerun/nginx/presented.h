#pragma once

#include <string_view>

#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/conf.h"

namespace edgerun::nginx {

/// The one credential of a request that a location's methods look at.
struct Presented {
    enum class Kind {
        None,
        Token,     ///< a JWT
        ApiKey,    ///< in Authorization or x-api-key
        Identity,  ///< the user of edgerun_auth_identity
        Several,   ///< more than one was sent: which counts is not for us to guess
    };

    Kind kind = Kind::None;
    std::string_view text;  ///< lives as long as the request
};

/// What a client sends comes before what others know of it: only without a
/// token or key is an identity looked at. Where tokens and API keys are both
/// accepted as bearer credentials (RFC 6750 section 2.1), two dots make a token.
Presented presentedBy(ngx_http_request_t* r, const Authentication& methods);

/// Empty for null. Throws std::bad_alloc, as presentedBy() does.
std::string_view valueOf(ngx_http_request_t* r, ngx_http_complex_value_t* value);

}  // namespace edgerun::nginx
