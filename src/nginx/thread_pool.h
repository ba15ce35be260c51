#pragma once

#include "edgerun/loop/thread_task.h"

namespace edgerun::nginx {

/// The operator's own pool of that name, where there is one; else the one that all may use. Null
/// if NGINX was built without threads. False if NGINX refused it (and has said why).
bool findThreadPool(ngx_conf_t* cf, const char* name, ngx_thread_pool_t*& pool);

}  // namespace edgerun::nginx
