#pragma once

#include <string_view>

#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/conf.h"

namespace edgerun::nginx {

/// WWW-Authenticate as RFC 6750 section 3 has it: realm, `error` unless empty,
/// and the parameters of edgerun_auth_challenge (RFC 9728 section 5.1, say).
/// False for want of memory.
bool addChallenge(ngx_http_request_t* r, const LocationConf& conf, std::string_view error);

}  // namespace edgerun::nginx
