#pragma once

#include "edgerun/nginx/job_calls.h"
#include "edgerun/store/idempotency.h"

namespace edgerun::nginx {

/// Reads Idempotency-Key; `key` stays unset without one. NGX_OK, or how the request was refused.
ngx_int_t readIdempotencyKey(const JobCall& call, const store::KeyedRequest& request,
                             store::IdempotencyKey& key);

}  // namespace edgerun::nginx
