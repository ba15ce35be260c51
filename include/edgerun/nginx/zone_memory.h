#pragma once

#include <cstddef>

#include "edgerun/loop/ngx.h"
#include "edgerun/store/shared_lock.h"

/// Zones whose memory NGINX gets and edgerun divides.
namespace edgerun::nginx {

/// Of a zone that holds one thing: the slab allocator's.
inline constexpr std::size_t kPagesBesideThePage = 16;

inline ngx_slab_pool_t* poolOf(const ngx_shm_zone_t& zone) {
    return reinterpret_cast<ngx_slab_pool_t*>(zone.shm.addr);
}

/// The zone's own mutex: the only one that the master releases when its holder
/// dies.
class ZoneLock final : public store::SharedLock {
public:
    explicit ZoneLock(ngx_shm_zone_t& zone) : mutex_(poolOf(zone)->mutex) {}

    void lock() noexcept override { ngx_shmtx_lock(&mutex_); }
    void unlock() noexcept override { ngx_shmtx_unlock(&mutex_); }

private:
    ngx_shmtx_t& mutex_;
};

struct ZoneMemory {
    void* address = nullptr;
    std::size_t bytes = 0;
};

/// What NGINX's slab allocator, and a preamble, leave of a zone of that size, at least.
inline std::size_t usableOf(std::size_t size, std::size_t preamble) {
    const std::size_t taken = size / 128 + 4 * ngx_pagesize + preamble;
    return size > taken ? size - taken : 0;
}

/// All free pages of a fresh zone: NGINX keeps its mutex, we divide the rest. A null address: they
/// are not in one piece.
ZoneMemory takeAllPages(const ngx_shm_zone_t& zone);

/// The zone of the same name and kind in the configuration that is in force; or null.
const ngx_shm_zone_t* formerOf(const ngx_shm_zone_t& zone);

}  // namespace edgerun::nginx
