#pragma once

#include <string_view>

#include "edgerun/loop/ngx.h"

namespace edgerun::nginx {

/// Says that the response has `length` bytes of `type`, which must be static.
void describeBody(ngx_http_request_t* r, std::string_view type, std::size_t length);

/// A whole response body in one buffer; null for want of memory. `body` must
/// live as long as the request.
ngx_buf_t* wholeBody(ngx_http_request_t* r, std::string_view body);

/// Sends a whole JSON response. `body` must live as long as the request.
/// Returns what a content handler returns.
ngx_int_t sendJson(ngx_http_request_t* r, ngx_uint_t status, std::string_view body);

}  // namespace edgerun::nginx
