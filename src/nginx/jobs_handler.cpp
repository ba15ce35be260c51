#include "edgerun/nginx/jobs_handler.h"

#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/gate.h"
#include "edgerun/nginx/job_calls.h"
#include "edgerun/nginx/response_headers.h"

namespace edgerun::nginx {

namespace {

ngx_int_t refuseMethod(ngx_http_request_t* r, std::string_view allowed) {
    if (!addHeader(r, "Allow", allowed)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return refuse(r, NGX_HTTP_NOT_ALLOWED,
                  "the method is not allowed here; allowed: " + std::string(allowed));
}

ngx_int_t onCollection(ngx_http_request_t* r) {
    if (r->method != NGX_HTTP_POST) {
        return refuseMethod(r, "POST");
    }
    return submitJob(r);
}

ngx_int_t onJob(ngx_http_request_t* r, std::string_view idText) {
    if ((r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) == 0) {
        return refuseMethod(r, "GET, HEAD");
    }
    const ngx_int_t rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }
    const auto call = jobCallOf(r);
    if (!call) {
        return refuseWithoutWorker(r);
    }
    return showJob(*call, idText);
}

/// What stands behind the location's path: "" or "/" for all jobs, "/ID" for
/// one; anything else is not ours.
ngx_int_t dispatch(ngx_http_request_t* r) {
    // NGINX's access phase leaves out subrequests.
    if (r != r->main) {
        const ngx_int_t rc = passGate(r);
        if (rc == NGX_AGAIN) {
            return refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE, "credentials cannot be checked now");
        }
        if (rc != NGX_OK && rc != NGX_DECLINED) {
            return rc;
        }
    }
    const JobsConf& jobs = *locationConfOf(r).jobs;
    std::string_view rest = loop::view(r->uri);
    rest.remove_prefix(std::min(jobs.path.size(), rest.size()));
    if (rest.empty() || rest == "/") {
        return onCollection(r);
    }
    if (rest.front() != '/' || rest.find('/', 1) != std::string_view::npos) {
        return refuse(r, NGX_HTTP_NOT_FOUND);
    }
    return onJob(r, rest.substr(1));
}

}  // namespace

ngx_int_t jobsHandler(ngx_http_request_t* r) noexcept {
    return contain<ngx_int_t>(r->connection->log, NGX_HTTP_INTERNAL_SERVER_ERROR,
                              [r] { return dispatch(r); });
}

}  // namespace edgerun::nginx
