#include "edgerun/nginx/zone_memory.h"

namespace edgerun::nginx {

ZoneMemory takeAllPages(const ngx_shm_zone_t& zone) {
    ngx_slab_pool_t* pool = poolOf(zone);
    pool->log_nomem = 0;
    const std::size_t bytes = pool->pfree << ngx_pagesize_shift;
    return {ngx_slab_alloc(pool, bytes), bytes};
}

const ngx_shm_zone_t* formerOf(const ngx_shm_zone_t& zone) {
    auto* cycle = const_cast<ngx_cycle_t*>(ngx_cycle);
    for (ngx_list_part_t* part = &cycle->shared_memory.part; part != nullptr; part = part->next) {
        const auto* zones = static_cast<const ngx_shm_zone_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; i++) {
            if (zones[i].tag == zone.tag &&
                loop::view(zones[i].shm.name) == loop::view(zone.shm.name)) {
                return &zones[i];
            }
        }
    }
    return nullptr;
}

}  // namespace edgerun::nginx
