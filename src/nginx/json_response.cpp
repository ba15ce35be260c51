#include "edgerun/nginx/json_response.h"

#include <string>

namespace edgerun::nginx {

ngx_int_t sendJson(ngx_http_request_t* r, ngx_uint_t status, std::string_view body) {
    r->headers_out.status = status;
    r->headers_out.content_length_n = static_cast<off_t>(body.size());
    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = nullptr;

    const ngx_int_t rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    auto* b = static_cast<ngx_buf_t*>(ngx_calloc_buf(r->pool));
    if (b == nullptr) {
        return NGX_ERROR;
    }
    b->pos = reinterpret_cast<u_char*>(const_cast<char*>(body.data()));
    b->last = b->pos + body.size();
    b->memory = body.empty() ? 0 : 1;
    b->last_buf = r == r->main ? 1 : 0;
    b->last_in_chain = 1;
    ngx_chain_t out{b, nullptr};
    return ngx_http_output_filter(r, &out);
}

ngx_str_t copyToPool(ngx_http_request_t* r, std::string_view text) {
    auto* bytes = static_cast<u_char*>(ngx_pnalloc(r->pool, text.size() + 1));
    if (bytes == nullptr) {
        return ngx_null_string;
    }
    *ngx_cpymem(bytes, text.data(), text.size()) = '\0';
    return {text.size(), bytes};
}

bool setVersionTag(ngx_http_request_t* r, std::uint64_t version) {
    auto* header = static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_out.headers));
    const ngx_str_t tag = copyToPool(r, '"' + std::to_string(version) + '"');
    if (header == nullptr) {
        return false;
    }
    header->hash = tag.data == nullptr ? 0 : 1;
    ngx_str_set(&header->key, "ETag");
    header->value = tag;
#if (nginx_version >= 1023000)
    header->next = nullptr;
#endif
    r->headers_out.etag = tag.data == nullptr ? nullptr : header;
    return tag.data != nullptr;
}

}  // namespace edgerun::nginx
