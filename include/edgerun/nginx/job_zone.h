#pragma once

#include <cstddef>

#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/zone_memory.h"

namespace edgerun::nginx {

struct ZoneConf;

/// The arena's memory inside a zone that NGINX has initialised.
ZoneMemory memoryOf(const ngx_shm_zone_t& zone);

/// The least SIZE that holds jobs of these limits.
std::size_t leastSizeOf(const ZoneConf& conf);

/// Is it laid out otherwise than that of the configuration in force, and can be filled from its
/// journal? (NGINX itself sees to another SIZE.)
bool needsNewMemory(const ngx_shm_zone_t& zone, const ZoneConf& conf);

/// Sets a zone up, or takes one over: ngx_shm_zone_t::init, with a ZoneConf as its data.
ngx_int_t initJobZone(ngx_shm_zone_t* zone, void* former) noexcept;

}  // namespace edgerun::nginx
