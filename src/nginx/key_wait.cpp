#include "edgerun/nginx/key_wait.h"

namespace edgerun::nginx {

ngx_int_t waitForKeys(ngx_http_request_t*, engine::RemoteKeys&, std::uint64_t) {
    return NGX_ERROR;
}

}  // namespace edgerun::nginx
