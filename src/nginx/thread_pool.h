#pragma once

#include "edgerun/loop/thread_task.h"

namespace edgerun::nginx {

/// The operator's own pool of that name, where there is one; else the one that all may use. Null
/// if NGINX refused it (and has said why), or was built without threads.
ngx_thread_pool_t* threadPoolNamed(ngx_conf_t* cf, const char* name);

}  // namespace edgerun::nginx
