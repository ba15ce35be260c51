#pragma once

#include <cstddef>

#include "edgerun/loop/ngx.h"
#include "edgerun/store/job_arena.h"

namespace edgerun::nginx {

struct ZoneConf;

/// The zone's own mutex: the only one that the master releases when its holder
/// dies.
class ZoneLock final : public store::SharedLock {
public:
    explicit ZoneLock(ngx_shm_zone_t& zone)
        : mutex_(reinterpret_cast<ngx_slab_pool_t*>(zone.shm.addr)->mutex) {}

    void lock() noexcept override { ngx_shmtx_lock(&mutex_); }
    void unlock() noexcept override { ngx_shmtx_unlock(&mutex_); }

private:
    ngx_shmtx_t& mutex_;
};

/// The arena's memory inside a zone that NGINX has initialised.
struct ZoneMemory {
    void* address = nullptr;
    std::size_t bytes = 0;
};

ZoneMemory memoryOf(const ngx_shm_zone_t& zone);

/// The least SIZE that holds jobs of these limits.
std::size_t leastSizeOf(const ZoneConf& conf);

/// Is it laid out otherwise than that of the configuration in force, and can be filled from its
/// journal? (NGINX itself sees to another SIZE.)
bool needsNewMemory(const ngx_shm_zone_t& zone, const ZoneConf& conf);

/// Sets a zone up, or takes one over: ngx_shm_zone_t::init, with a ZoneConf as its data.
ngx_int_t initJobZone(ngx_shm_zone_t* zone, void* former) noexcept;

}  // namespace edgerun::nginx
