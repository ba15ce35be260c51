#pragma once

#include "edgerun/auth/caller.h"
#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/request_context.h"

namespace edgerun::nginx {

/// Access phase: who is it, and may they?
ngx_int_t gateHandler(ngx_http_request_t* r) noexcept;

/// The gate's decision: NGX_OK, NGX_DECLINED where nothing is gated, NGX_AGAIN
/// while keys are on their way, or the status of a refusal.
ngx_int_t passGate(ngx_http_request_t* r);

/// For handlers of what is to be protected: NGINX's access phase leaves out subrequests. NGX_OK if
/// they may, and for all other requests.
ngx_int_t passSubrequest(ngx_http_request_t* r);

/// Verifies the credential at first use, in whatever phase asks first, so that
/// variables work in limit_req and log formats alike. Null unless it is verified
/// and the user is in good standing. Valid until the next question.
const auth::Caller* callerOf(ngx_http_request_t* r);

}  // namespace edgerun::nginx
