#include "edgerun/nginx/request_context.h"

#include <new>

#include "edgerun/nginx/conf.h"

namespace edgerun::nginx {

RequestContext* existingContextOf(ngx_http_request_t* r) {
    return static_cast<RequestContext*>(ngx_http_get_module_ctx(r, ngx_http_edgerun_module));
}

RequestContext* contextOf(ngx_http_request_t* r) {
    if (RequestContext* context = existingContextOf(r)) {
        return context;
    }
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(r->pool, sizeof(RequestContext));
    if (cleanup == nullptr) {
        return nullptr;
    }
    auto* context = new (cleanup->data) RequestContext();
    cleanup->handler = [](void* data) { static_cast<RequestContext*>(data)->~RequestContext(); };
    ngx_http_set_ctx(r, context, ngx_http_edgerun_module);
    return context;
}

}  // namespace edgerun::nginx
