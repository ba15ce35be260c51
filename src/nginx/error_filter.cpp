#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/error_format.h"
#include "edgerun/nginx/json_response.h"
#include "edgerun/nginx/request_context.h"
#include "edgerun/nginx/response_headers.h"

/// Puts our JSON in place of NGINX's HTML page when the error is ours, or when
/// NGINX itself refuses a request to a handler of ours (a body too large, say).
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
        context->errorName.clear();
    }
    if (!isErrorPage(r)) {
        return nullptr;
    }
    if (context != nullptr && context->error) {
        return context;
    }
    if (!locationConfOf(r).answersItself()) {
        return nullptr;
    }
    context = contextOf(r);
    if (context != nullptr) {
        context->error = describeStatus(status);
        context->errorName = nameOfStatus(status);
    }
    return context;
}

void takeOver(ngx_http_request_t* r, RequestContext& context) {
    const ErrorFormat format =
        errorFormatOf(r, locationConfOf(r).errorFormat.value_or(ErrorFormat::Simple));
    context.errorBody = renderError(*context.error, format);
    context.replacesBody = true;
    ngx_http_clear_content_length(r);
    describeBody(r, contentTypeOf(format), context.errorBody.size());
    ngx_str_null(&r->headers_out.charset);
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

ngx_int_t bodyFilter(ngx_http_request_t* r, ngx_chain_t* in) noexcept {
    RequestContext* context = existingContextOf(r);
    if (context == nullptr || !context->replacesBody || in == nullptr) {
        return nextBodyFilter(r, in);
    }
    // NGINX's page comes in one piece; ours goes out instead of it.
    context->replacesBody = false;
    ngx_chain_t out{wholeBody(r, context->errorBody), nullptr};
    return out.buf != nullptr ? nextBodyFilter(r, &out) : NGX_ERROR;
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
