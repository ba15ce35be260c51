#pragma once

#include <string>
#include <string_view>

#include "edgerun/loop/ngx.h"

namespace edgerun::nginx {

/// A refusal of ours.
struct ApiError {
    ngx_int_t status = NGX_HTTP_INTERNAL_SERVER_ERROR;
    std::string message;
};

/// "BadRequest", "NotFound", ... for any status of NGINX's; "Error" otherwise.
std::string_view nameOfStatus(ngx_int_t status);

/// What to say when NGINX itself refused a request of ours.
ApiError describeStatus(ngx_int_t status);

/// Notes the error for the response's body and returns its status, which the
/// handler returns to NGINX: so `error_page`, `satisfy` and `auth_delay` work
/// as with any module. The error filter puts the JSON in place of NGINX's page.
ngx_int_t refuse(ngx_http_request_t* r, ngx_int_t status, std::string_view message);
/// With the words that describeStatus() has for it.
ngx_int_t refuse(ngx_http_request_t* r, ngx_int_t status);

}  // namespace edgerun::nginx
