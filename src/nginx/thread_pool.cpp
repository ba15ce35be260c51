#include "thread_pool.h"

namespace edgerun::nginx {

#if (NGX_THREADS)

ngx_thread_pool_t* threadPoolNamed(ngx_conf_t* cf, const char* name) {
    ngx_str_t wanted = loop::asNgx(name);
    ngx_thread_pool_t* pool = ngx_thread_pool_get(cf->cycle, &wanted);
    return pool != nullptr ? pool : ngx_thread_pool_add(cf, nullptr);
}

#else

ngx_thread_pool_t* threadPoolNamed(ngx_conf_t*, const char*) {
    return nullptr;
}

#endif

}  // namespace edgerun::nginx
