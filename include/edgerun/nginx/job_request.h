#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "edgerun/nginx/job_calls.h"
#include "edgerun/store/job_request.h"

namespace edgerun::nginx {

/// Does the request say that its body is JSON?
bool hasJsonBody(const ngx_http_request_t* r);

/// The request's body in one piece; parts of it may stand in a file. nullopt
/// when it cannot be read.
std::optional<std::string> collectBody(const ngx_http_request_t* r);

/// The assistant that the request names by its location's variable; empty where the location has
/// none. nullopt when it cannot be evaluated.
std::optional<std::string> namedAssistant(const JobCall& call);

/// All that a submission asks for, `named` with it, as its user may ask for it. NGX_OK, or how it
/// was refused.
ngx_int_t readJobRequest(const JobCall& call, std::string_view body, const std::string& named,
                         store::JobRequest& request);

/// To who asks for a thread that he has not, or not any more.
ngx_int_t refuseUnknownThread(ngx_http_request_t* r);

/// Who runs that job: its location's provider, or the fallback where its thread was made there.
const engine::Provider& providerFor(const JobCall& call, const store::JobRequest& request);

/// Who takes that job where its location's provider did not start it; or null.
const engine::Provider* fallbackFor(const JobCall& call, const store::JobRequest& request);

}  // namespace edgerun::nginx
