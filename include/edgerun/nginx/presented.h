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
        Identity,  ///< edgerun_auth_identity has a user
        Several,   ///< more than one was sent: which counts is not for us to guess
    };

    Kind kind = Kind::None;
    std::string_view text;  ///< of tokens and keys; lives as long as the request
};

/// What a client sends comes before what others know of it: only without a
/// token or key is an identity looked at. Where tokens and API keys are both
/// accepted as bearer credentials (RFC 6750 section 2.1), two dots make a token.
/// Throws std::bad_alloc when a variable has no value for want of memory.
Presented presentedBy(ngx_http_request_t* r, const Authentication& methods);

}  // namespace edgerun::nginx
