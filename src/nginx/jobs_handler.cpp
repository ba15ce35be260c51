#include "edgerun/nginx/jobs_handler.h"

#include <array>

#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/gate.h"
#include "edgerun/nginx/job_calls.h"
#include "edgerun/nginx/response_headers.h"

namespace edgerun::nginx {

namespace {

struct Method {
    ngx_uint_t methods;
    ngx_int_t (*handle)(ngx_http_request_t* r);
};

struct Resource {
    std::string_view action;  ///< empty: the collection, or a job itself
    bool isJob;
    std::string_view allowed;
    std::array<Method, 2> methods;
};

constexpr ngx_uint_t kRead = NGX_HTTP_GET | NGX_HTTP_HEAD;

constexpr Resource kResources[] = {
    {"", false, "GET, HEAD, POST", {{{NGX_HTTP_POST, submitJob}, {kRead, withoutBody<listJobs>}}}},
    {"",
     true,
     "GET, HEAD, DELETE",
     {{{kRead, withoutBody<showJob>}, {NGX_HTTP_DELETE, afterBody<eraseJob>}}}},
    {"cancel", true, "POST", {{{NGX_HTTP_POST, afterBody<cancelJob>}}}},
    {"tool_outputs", true, "POST", {{{NGX_HTTP_POST, takeToolOutputs}}}},
};

const Resource* resourceOf(const JobPath& path) {
    for (const Resource& resource : kResources) {
        if (path.isOurs && resource.isJob == !path.id.empty() && resource.action == path.action) {
            return &resource;
        }
    }
    return nullptr;
}

ngx_int_t refuseMethod(ngx_http_request_t* r, std::string_view allowed) {
    if (!addHeader(r, "Allow", allowed)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return refuse(r, NGX_HTTP_NOT_ALLOWED,
                  "the method is not allowed here; allowed: " + std::string(allowed));
}

/// NGINX's access phase leaves out subrequests. NGX_OK if they may.
ngx_int_t passSubrequest(ngx_http_request_t* r) {
    const ngx_int_t rc = passGate(r);
    if (rc == NGX_AGAIN) {
        return refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE, "credentials cannot be checked now");
    }
    return rc == NGX_DECLINED ? NGX_OK : rc;
}

ngx_int_t dispatch(ngx_http_request_t* r) {
    if (r != r->main) {
        if (const ngx_int_t rc = passSubrequest(r); rc != NGX_OK) {
            return rc;
        }
    }
    const Resource* resource = resourceOf(jobPathOf(r));
    if (resource == nullptr) {
        return refuse(r, NGX_HTTP_NOT_FOUND);
    }
    for (const Method& method : resource->methods) {
        if ((r->method & method.methods) != 0) {
            return method.handle(r);
        }
    }
    return refuseMethod(r, resource->allowed);
}

}  // namespace

ngx_int_t jobsHandler(ngx_http_request_t* r) noexcept {
    return contain<ngx_int_t>(r->connection->log, NGX_HTTP_INTERNAL_SERVER_ERROR,
                              [r] { return dispatch(r); });
}

}  // namespace edgerun::nginx
