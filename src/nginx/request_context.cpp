#include "edgerun/nginx/request_context.h"

#include <new>

#include "edgerun/nginx/conf.h"

namespace edgerun::nginx {

namespace {

void destroy(void* context) {
    static_cast<RequestContext*>(context)->~RequestContext();
}

/// NGINX forgets its modules' contexts at an internal redirect; the pool keeps
/// ours.
RequestContext* contextBeforeRedirect(ngx_http_request_t* r) {
    if (!r->internal) {
        return nullptr;
    }
    for (ngx_pool_cleanup_t* cleanup = r->pool->cleanup; cleanup; cleanup = cleanup->next) {
        if (cleanup->handler == destroy) {
            auto* context = static_cast<RequestContext*>(cleanup->data);
            if (context->request == r) {
                return context;
            }
        }
    }
    return nullptr;
}

RequestContext* createContext(ngx_http_request_t* r) {
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(r->pool, sizeof(RequestContext));
    if (cleanup == nullptr) {
        return nullptr;
    }
    static_assert(alignof(RequestContext) <= NGX_ALIGNMENT);
    auto* context = new (cleanup->data) RequestContext();
    context->request = r;
    cleanup->handler = destroy;
    return context;
}

}  // namespace

RequestContext* existingContextOf(ngx_http_request_t* r) {
    return static_cast<RequestContext*>(ngx_http_get_module_ctx(r, ngx_http_edgerun_module));
}

RequestContext* knownContextOf(ngx_http_request_t* r) {
    if (RequestContext* context = existingContextOf(r)) {
        return context;
    }
    RequestContext* context = contextBeforeRedirect(r);
    if (context != nullptr) {
        context->error.reset();  // what answers now is another location
        context->replacesBody = false;
        ngx_http_set_ctx(r, context, ngx_http_edgerun_module);
    }
    return context;
}

RequestContext* contextOf(ngx_http_request_t* r) {
    RequestContext* context = knownContextOf(r);
    if (context == nullptr) {
        context = createContext(r);
        ngx_http_set_ctx(r, context, ngx_http_edgerun_module);
    }
    return context;
}

}  // namespace edgerun::nginx
