#pragma once

#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/zone_memory.h"
#include "edgerun/store/provider_page.h"

namespace edgerun::nginx {

struct MainConf;

/// The memory in which workers share what they know of all providers; kept over reloads. Null if
/// NGINX refused it (and has said why).
ngx_shm_zone_t* addProviderZone(ngx_conf_t* cf, MainConf& main);

/// That memory's page with its zone's lock, as one process uses it.
class ProviderZonePage {
public:
    explicit ProviderZonePage(ngx_shm_zone_t& zone);

    store::ProviderPage& page() { return page_; }

private:
    ZoneLock lock_;
    store::ProviderPage page_;
};

}  // namespace edgerun::nginx
