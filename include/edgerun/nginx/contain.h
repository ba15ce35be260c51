#pragma once

#include <exception>

#include "edgerun/loop/ngx.h"

namespace edgerun::nginx {

/// Runs what may throw behind a C boundary; `failure` is what NGINX is told
/// then (want of memory, in practice).
template <typename Result, typename Function>
Result contain(ngx_log_t* log, Result failure, Function&& function) noexcept {
    try {
        return function();
    } catch (const std::exception& trouble) {
        ngx_log_error(NGX_LOG_CRIT, log, 0, "edgerun: %s", trouble.what());
        return failure;
    }
}

inline char* confFailure() {
    return static_cast<char*>(NGX_CONF_ERROR);
}

}  // namespace edgerun::nginx
