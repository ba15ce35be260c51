#pragma once

#include <string_view>

#include "edgerun/nginx/job_calls.h"
#include "edgerun/store/job_snapshot.h"

namespace edgerun::nginx {

/// Reads Idempotency-Key; `key` stays unset without one. NGX_OK, or how the request was refused.
ngx_int_t readIdempotencyKey(const JobCall& call, std::string_view body,
                             store::IdempotencyKey& key);

}  // namespace edgerun::nginx
