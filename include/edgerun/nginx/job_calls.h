#pragma once

#include <optional>
#include <string_view>

#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/worker.h"
#include "edgerun/store/job_id.h"

namespace edgerun::nginx {

/// What every call on jobs needs. For one step: a request that waits gets it anew.
struct JobCall {
    ngx_http_request_t* r;
    const LocationConf& location;
    const JobsConf& jobs;
    engine::JobRunner& runner;
    store::JobOwner owner;
};

/// nullopt without a worker (logged at its start).
std::optional<JobCall> jobCallOf(ngx_http_request_t* r);
ngx_int_t refuseWithoutWorker(ngx_http_request_t* r);
/// While jobs of an earlier life are being read.
ngx_int_t refuseWhileReading(ngx_http_request_t* r);

/// What stands behind the location's path: "" or "/" for all jobs, "/ID", "/ID/ACTION".
struct JobPath {
    std::string_view id;      ///< or empty
    std::string_view action;  ///< or empty
    bool isOurs = true;
};
JobPath jobPathOf(ngx_http_request_t* r);
/// As the path names it.
std::optional<store::JobId> jobIdOf(const JobCall& call);

/// POST to the location: reads the body, then accepts the job.
ngx_int_t submitJob(ngx_http_request_t* r);
/// POST to a job's tool_outputs: reads the body, then hands the outputs on.
ngx_int_t takeToolOutputs(ngx_http_request_t* r);

// The others; each returns what a handler returns, NGX_DONE if the request is held.
ngx_int_t listJobs(const JobCall& call);
ngx_int_t showJob(const JobCall& call);
ngx_int_t cancelJob(const JobCall& call);
ngx_int_t eraseJob(const JobCall& call);

using ServeCall = ngx_int_t (*)(const JobCall& call);

/// Calls `serve`, or refuses where no call can be served.
ngx_int_t serveJobs(ngx_http_request_t* r, ServeCall serve) noexcept;

template <ServeCall serve>
void onBodyRead(ngx_http_request_t* r) noexcept {
    ngx_http_finalize_request(r, serveJobs(r, serve));
}

/// A handler that serves the call once the request's body is there.
template <ServeCall serve>
ngx_int_t afterBody(ngx_http_request_t* r) {
    const ngx_int_t rc = ngx_http_read_client_request_body(r, onBodyRead<serve>);
    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}

/// A handler that does not care for a body.
template <ServeCall serve>
ngx_int_t withoutBody(ngx_http_request_t* r) {
    const ngx_int_t rc = ngx_http_discard_request_body(r);
    return rc == NGX_OK ? serveJobs(r, serve) : rc;
}

/// Seconds until the client should look again; grows with the job's age.
std::uint64_t pollAdvice(std::uint64_t ageMs);

}  // namespace edgerun::nginx
