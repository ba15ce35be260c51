#pragma once

#include "edgerun/auth/identity.h"
#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/request_context.h"

namespace edgerun::nginx {

/// Access phase: who is it, and may they?
ngx_int_t gateHandler(ngx_http_request_t* r) noexcept;

/// The gate's decision: NGX_OK, NGX_DECLINED where nothing is gated, or the
/// status of a refusal. For handlers that the access phase does not protect
/// (subrequests).
ngx_int_t passGate(ngx_http_request_t* r);

/// Verifies the credential at first use, in whatever phase asks first, so that
/// variables work in limit_req and log formats alike. Null unless verified.
const auth::Identity* identityOf(ngx_http_request_t* r);

}  // namespace edgerun::nginx
