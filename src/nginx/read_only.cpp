#include "read_only.h"

#include "edgerun/nginx/api_error.h"
#include "edgerun/nginx/gate.h"

namespace edgerun::nginx {

ngx_int_t serveReadOnly(ngx_http_request_t* r, ngx_int_t (*show)(ngx_http_request_t* r)) {
    if (const ngx_int_t rc = passSubrequest(r); rc != NGX_OK) {
        return rc;
    }
    if ((r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) == 0) {
        return refuseMethod(r, "GET, HEAD");
    }
    const ngx_int_t rc = ngx_http_discard_request_body(r);
    return rc == NGX_OK ? show(r) : rc;
}

}  // namespace edgerun::nginx
