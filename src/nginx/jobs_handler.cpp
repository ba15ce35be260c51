#include "edgerun/nginx/jobs_handler.h"

#include <array>

#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/gate.h"
#include "edgerun/nginx/job_calls.h"

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

ngx_int_t dispatch(ngx_http_request_t* r) {
    if (const ngx_int_t rc = passSubrequest(r); rc != NGX_OK) {
        return rc;
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
