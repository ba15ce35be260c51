#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/engine/remote_keys.h"
#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/problems.h"
#include "edgerun/nginx/zone_memory.h"

namespace edgerun::nginx {

struct MainConf;

/// One source of keys, shared by all locations that name it alike.
struct KeySourceConf {
    engine::KeySource source;
    ngx_shm_zone_t* shm = nullptr;
    Place place;
};

/// A source's shared page with its zone's lock, as one process uses it.
class KeySourcePage {
public:
    explicit KeySourcePage(ngx_shm_zone_t& zone);

    store::KeySetPage& page() { return page_; }

private:
    ZoneLock lock_;
    store::KeySetPage page_;
};

/// The arguments of edgerun_auth_jwt_jwks_uri: URL [refresh=10m] [unknown_key=30s]
/// [trusted_certificate=FILE]. `index` is that in MainConf::keySources. Returns
/// what is wrong, or nothing.
std::string readKeySource(ngx_conf_t* cf, MainConf& main,
                          const std::vector<std::string_view>& arguments, std::size_t& index);

/// Resolves the source's host, or names it as a problem.
void completeKeySource(ngx_conf_t* cf, Problems& problems, KeySourceConf& conf);

}  // namespace edgerun::nginx
