#include "thread_pool.h"

namespace edgerun::nginx {

#if (NGX_THREADS)

bool findThreadPool(ngx_conf_t* cf, const char* name, ngx_thread_pool_t*& pool) {
    ngx_str_t wanted = loop::asNgx(name);
    pool = ngx_thread_pool_get(cf->cycle, &wanted);
    pool = pool != nullptr ? pool : ngx_thread_pool_add(cf, nullptr);
    return pool != nullptr;
}

#else

bool findThreadPool(ngx_conf_t*, const char*, ngx_thread_pool_t*& pool) {
    pool = nullptr;
    return true;
}

#endif

}  // namespace edgerun::nginx
