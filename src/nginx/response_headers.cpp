#include "edgerun/nginx/response_headers.h"

#include <new>

namespace edgerun::nginx {

ngx_str_t copyToPool(ngx_http_request_t* r, std::string_view text) {
    return loop::copyTo(r->pool, text);
}

ngx_table_elt_t* addHeader(ngx_http_request_t* r, std::string_view name, std::string_view value) {
    const ngx_str_t copy = copyToPool(r, value);
    if (copy.data == nullptr) {
        return nullptr;
    }
    auto* header = static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_out.headers));
    if (header == nullptr) {
        return nullptr;
    }
    header->hash = 1;
    header->key = loop::asNgx(name);
    header->value = copy;
#if (nginx_version >= 1023000)
    header->next = nullptr;
#endif
    return header;
}

std::string escapePath(ngx_http_request_t* r, std::string_view path) {
    u_char* bytes = loop::asNgx(path).data;
    const auto extra = 2 * ngx_escape_uri(nullptr, bytes, path.size(), NGX_ESCAPE_URI);
    auto* escaped = static_cast<u_char*>(ngx_pnalloc(r->pool, path.size() + extra + 1));
    if (escaped == nullptr) {
        throw std::bad_alloc();
    }
    ngx_escape_uri(escaped, bytes, path.size(), NGX_ESCAPE_URI);
    return {reinterpret_cast<char*>(escaped), path.size() + extra};
}

bool addRetryAfter(ngx_http_request_t* r, std::uint64_t seconds) {
    return addHeader(r, "Retry-After", std::to_string(seconds)) != nullptr;
}

bool addVersionTag(ngx_http_request_t* r, std::uint64_t version) {
    r->headers_out.etag = addHeader(r, "ETag", '"' + std::to_string(version) + '"');
    return r->headers_out.etag != nullptr;
}

}  // namespace edgerun::nginx
