#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "edgerun/nginx/job_calls.h"
#include "edgerun/store/job_request.h"

namespace edgerun::nginx {

/// The request's body in one piece; parts of it may stand in a file. nullopt
/// when it cannot be read.
std::optional<std::string> collectBody(const ngx_http_request_t* r);

/// All that a submission asks for, as its user may ask for it. NGX_OK, or how it was refused.
ngx_int_t readJobRequest(const JobCall& call, std::string_view body, store::JobRequest& request);

ngx_int_t refuseBusyThread(ngx_http_request_t* r);

}  // namespace edgerun::nginx
