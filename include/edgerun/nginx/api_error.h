#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "edgerun/loop/ngx.h"

namespace edgerun::nginx {

/// A refusal of ours.
struct ApiError {
    ngx_int_t status = NGX_HTTP_INTERNAL_SERVER_ERROR;
    std::string message;
    std::string name;  ///< "RunFailed", ...; empty: that of the status
};

/// "BadRequest", "NotFound", ... for any status of NGINX's; "Error" otherwise.
std::string_view nameOfStatus(ngx_int_t status);

std::string_view nameOf(const ApiError& error);

/// What to say when NGINX itself refused a request of ours.
ApiError describeStatus(ngx_int_t status);

/// Notes the error for the response's body and returns its status, which the
/// handler returns to NGINX: so `error_page`, `satisfy` and `auth_delay` work
/// as with any module. The error filter puts the JSON in place of NGINX's page.
ngx_int_t refuse(ngx_http_request_t* r, ngx_int_t status, std::string_view message);
ngx_int_t refuse(ngx_http_request_t* r, ApiError error);
/// With the words that describeStatus() has for it.
ngx_int_t refuse(ngx_http_request_t* r, ngx_int_t status);
/// 405; `allowed` as the Allow header has it.
ngx_int_t refuseMethod(ngx_http_request_t* r, std::string_view allowed);
/// 503, and when to try again.
ngx_int_t refuseLater(ngx_http_request_t* r, std::uint64_t seconds, std::string_view message);

}  // namespace edgerun::nginx
