#pragma once

#include <cstddef>

#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/quota_conf.h"
#include "edgerun/nginx/zone_memory.h"

namespace edgerun::nginx {

/// The least SIZE of an edgerun_quota_zone.
std::size_t leastQuotaZone();

/// Memory for counters, kept over reloads; `conf` must live as long as the configuration. Null if
/// NGINX refused it (and has said why).
ngx_shm_zone_t* addQuotaZone(ngx_conf_t* cf, QuotaZoneConf& conf, std::size_t size);

/// Of a zone that NGINX has initialised: what QuotaCounters::attach() takes.
ZoneMemory quotaMemoryOf(const ngx_shm_zone_t& zone);

}  // namespace edgerun::nginx
