#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "edgerun/loop/ngx.h"

namespace edgerun::nginx {

/// The text in the request's pool, with a NUL behind it; null data for want of
/// memory.
ngx_str_t copyToPool(ngx_http_request_t* r, std::string_view text);

/// Adds a response header. `name` must be static; `value` is copied. Null for
/// want of memory.
ngx_table_elt_t* addHeader(ngx_http_request_t* r, std::string_view name, std::string_view value);

/// A path of ours as it may stand in a header.
std::string escapePath(ngx_http_request_t* r, std::string_view path);

bool addRetryAfter(ngx_http_request_t* r, std::uint64_t seconds);

/// The ETag of version N is "N" in quotes. NGINX answers If-None-Match by it.
bool addVersionTag(ngx_http_request_t* r, std::uint64_t version);

}  // namespace edgerun::nginx
