#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/request_context.h"

/// Puts our JSON in place of NGINX's HTML page when the error is ours, or when
/// NGINX itself refuses a request to edgerun_jobs (a body too large, say).
namespace edgerun::nginx {

namespace {

// Set while the configuration is read, the same in every process.
ngx_http_output_header_filter_pt nextHeaderFilter;
ngx_http_output_body_filter_pt nextBodyFilter;

/// Is NGINX about to send its own page for this status?
bool isErrorPage(const ngx_http_request_t* r) {
    return r->err_status >= NGX_HTTP_BAD_REQUEST && r->headers_out.status == r->err_status;
}

/// Null if the page is not ours to replace.
RequestContext* errorContextOf(ngx_http_request_t* r) {
    RequestContext* context = existingContextOf(r);
    const auto status = static_cast<ngx_int_t>(r->err_status);
    if (context != nullptr && context->error && context->error->status != status) {
        // Another access module let the request in, or gave its own reason.
        context->error.reset();
        context->errorName = {};
    }
    if (!isErrorPage(r)) {
        return nullptr;
    }
    if (context != nullptr && context->error) {
        return context;
    }
    if (locationConfOf(r).jobs == nullptr) {
        return nullptr;
    }
    context = contextOf(r);
    if (context != nullptr) {
        context->error = describeStatus(status);
        context->errorName = nameOfStatus(status);
    }
    return context;
}

void clearPageHeaders(ngx_http_request_t* r) {
    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_etag(r);
}

void takeOver(ngx_http_request_t* r, RequestContext& context) {
    context.errorBody = renderError(*context.error);
    context.replacesBody = true;
    r->headers_out.content_length_n = static_cast<off_t>(context.errorBody.size());
    if (r->headers_out.content_length != nullptr) {
        r->headers_out.content_length->hash = 0;
        r->headers_out.content_length = nullptr;
    }
    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = nullptr;
    ngx_str_null(&r->headers_out.charset);
    clearPageHeaders(r);
    addHeader(r, "Cache-Control", "no-store");
}

ngx_int_t headerFilter(ngx_http_request_t* r) noexcept {
    return contain<ngx_int_t>(r->connection->log, NGX_ERROR, [r] {
        if (RequestContext* context = errorContextOf(r)) {
            takeOver(r, *context);
        }
        return nextHeaderFilter(r);
    });
}

ngx_int_t sendErrorBody(ngx_http_request_t* r, const std::string& body) {
    auto* b = static_cast<ngx_buf_t*>(ngx_calloc_buf(r->pool));
    if (b == nullptr) {
        return NGX_ERROR;
    }
    b->pos = reinterpret_cast<u_char*>(const_cast<char*>(body.data()));
    b->last = b->pos + body.size();
    b->memory = 1;
    b->last_buf = r == r->main ? 1 : 0;
    b->last_in_chain = 1;
    ngx_chain_t out{b, nullptr};
    return nextBodyFilter(r, &out);
}

ngx_int_t bodyFilter(ngx_http_request_t* r, ngx_chain_t* in) noexcept {
    RequestContext* context = existingContextOf(r);
    if (context == nullptr || !context->replacesBody || in == nullptr) {
        return nextBodyFilter(r, in);
    }
    // NGINX's page comes in one piece; ours goes out instead of it.
    context->replacesBody = false;
    return sendErrorBody(r, context->errorBody);
}

ngx_int_t installFilters(ngx_conf_t*) noexcept {
    nextHeaderFilter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = headerFilter;
    nextBodyFilter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = bodyFilter;
    return NGX_OK;
}

ngx_http_module_t filterContext = {
    nullptr, installFilters, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
};

}  // namespace

}  // namespace edgerun::nginx

ngx_module_t ngx_http_edgerun_filter_module = {
    NGX_MODULE_V1, &edgerun::nginx::filterContext,
    nullptr,       NGX_HTTP_MODULE,
    nullptr,       nullptr,
    nullptr,       nullptr,
    nullptr,       nullptr,
    nullptr,       NGX_MODULE_V1_PADDING,
};
