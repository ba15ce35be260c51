#pragma once

#include <string_view>

#include "edgerun/loop/ngx.h"

namespace edgerun::nginx {

/// Sends a whole JSON response. `body` must live in the request's pool or be
/// static. Returns what a content handler returns.
ngx_int_t sendJson(ngx_http_request_t* r, ngx_uint_t status, std::string_view body);

/// The text in the request's pool; null data for want of memory.
ngx_str_t copyToPool(ngx_http_request_t* r, std::string_view text);

/// Sets the ETag of version N: "N" in quotes.
bool setVersionTag(ngx_http_request_t* r, std::uint64_t version);

}  // namespace edgerun::nginx
