#pragma once

#include "edgerun/loop/ngx.h"

namespace edgerun::nginx {

/// $edgerun_user, $edgerun_role, $edgerun_modules, $edgerun_limit, $edgerun_claim_NAME,
/// $edgerun_job_id, $edgerun_job_status, $edgerun_error.
ngx_int_t addVariables(ngx_conf_t* cf) noexcept;

}  // namespace edgerun::nginx
