#pragma once

#include <optional>
#include <string_view>

#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/worker.h"
#include "edgerun/store/job_id.h"

namespace edgerun::nginx {

/// What every call on jobs needs.
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

/// POST to the location: reads the body, then accepts the job.
ngx_int_t submitJob(ngx_http_request_t* r);

/// GET of one job; `idText` is what stands behind the location's path.
ngx_int_t showJob(const JobCall& call, std::string_view idText);

/// Seconds until the client should look again; grows with the job's age.
std::uint64_t pollAdvice(std::uint64_t ageMs);

}  // namespace edgerun::nginx
