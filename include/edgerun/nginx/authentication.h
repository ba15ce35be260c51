#pragma once

#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/request_context.h"

namespace edgerun::nginx {

/// Finds out who sends the request, by the credential that it presents; the
/// result goes into the context. What was found out stays for all locations
/// that accept the same, but for identities of others and absent credentials
/// (their variables may get values later), and for keys that are on their way.
void authenticate(ngx_http_request_t* r, const Authentication& methods, RequestContext& context);

}  // namespace edgerun::nginx
