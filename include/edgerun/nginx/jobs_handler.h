#pragma once

#include "edgerun/loop/ngx.h"

namespace edgerun::nginx {

/// Content handler of edgerun_jobs: POST to the location makes a job, GET below
/// it shows one.
ngx_int_t jobsHandler(ngx_http_request_t* r) noexcept;

}  // namespace edgerun::nginx
