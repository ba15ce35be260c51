#pragma once

#include <string>

#include "edgerun/loop/upstream.h"
#include "edgerun/store/key_set_page.h"

namespace edgerun::engine {

/// One edgerun_auth_jwt_jwks_uri. Constant for the life of a configuration.
struct KeySource {
    std::string url;  ///< for logs
    loop::Upstream upstream;
    std::string path;  ///< below the upstream, with its query
    store::FetchTimes times;
};

}  // namespace edgerun::engine
