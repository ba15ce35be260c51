#pragma once

#include "edgerun/loop/ngx.h"

namespace edgerun::nginx {

/// Content handler of edgerun_jobs: the location is the collection of jobs,
/// below it is each of them, and below that what can be done with it.
ngx_int_t jobsHandler(ngx_http_request_t* r) noexcept;

}  // namespace edgerun::nginx
