#include "edgerun/nginx/json_response.h"

namespace edgerun::nginx {

void describeBody(ngx_http_request_t* r, std::string_view type, std::size_t length) {
    r->headers_out.content_length_n = static_cast<off_t>(length);
    r->headers_out.content_type = loop::asNgx(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = nullptr;
}

ngx_buf_t* wholeBody(ngx_http_request_t* r, std::string_view body) {
    auto* b = static_cast<ngx_buf_t*>(ngx_calloc_buf(r->pool));
    if (b == nullptr) {
        return nullptr;
    }
    b->pos = loop::asNgx(body).data;
    b->last = b->pos + body.size();
    b->memory = body.empty() ? 0 : 1;
    b->last_buf = r == r->main ? 1 : 0;
    b->last_in_chain = 1;
    return b;
}

ngx_int_t sendJson(ngx_http_request_t* r, ngx_uint_t status, std::string_view body) {
    r->headers_out.status = status;
    describeBody(r, "application/json", body.size());
    const ngx_int_t rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }
    ngx_chain_t out{wholeBody(r, body), nullptr};
    return out.buf != nullptr ? ngx_http_output_filter(r, &out) : NGX_ERROR;
}

}  // namespace edgerun::nginx
