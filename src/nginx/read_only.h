#pragma once

#include "edgerun/loop/ngx.h"

namespace edgerun::nginx {

/// The content of what clients may only look at: lets subrequests through the gate, refuses methods
/// but GET and HEAD, and discards the body before it calls `show`, which returns what a handler
/// returns.
ngx_int_t serveReadOnly(ngx_http_request_t* r, ngx_int_t (*show)(ngx_http_request_t* r));

}  // namespace edgerun::nginx
