#pragma once

#include <cstdint>
#include <vector>

#include "edgerun/engine/remote_keys.h"
#include "edgerun/loop/ngx.h"

namespace edgerun::nginx {

/// Access phase only, after KeyHope::Coming of all these sources: holds the request
/// until the keys of one, or the hope for them, may have changed; its phases then go on at the
/// present handler. A client that goes away meanwhile frees everything. NGX_AGAIN, or NGX_ERROR for
/// want of memory.
ngx_int_t waitForKeys(ngx_http_request_t* r, const std::vector<engine::RemoteKeys*>& sources,
                      std::uint64_t askedAt);

}  // namespace edgerun::nginx
