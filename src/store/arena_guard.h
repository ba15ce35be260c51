#pragma once

#include "arena_layout.h"
#include "arena_repair.h"
#include "edgerun/store/crash_point.h"

namespace edgerun::store {

/// Holds the zone's lock. Repairs the arena first when the last holder died
/// while it was changing something, or met damage.
class ArenaGuard {
public:
    ArenaGuard(SharedLock& lock, const ArenaView& view) : lock_(lock), view_(view) {
        lock_.lock();
        if (view_.header->mutating != kConsistent) {
            repairArena(view_);
        }
    }

    ~ArenaGuard() {
        // What reportDamage() left here is for the next holder.
        if (view_.header->mutating == kChanging) {
            publish<std::uint32_t>(view_.header->mutating, kConsistent);
        }
        EDGERUN_CRASH_POINT(before_unlock);
        lock_.unlock();
    }

    ArenaGuard(const ArenaGuard&) = delete;
    ArenaGuard& operator=(const ArenaGuard&) = delete;

    /// To be called before anything but a single word is changed.
    void beginChange() {
        if (view_.header->mutating == kConsistent) {
            publish<std::uint32_t>(view_.header->mutating, kChanging);
        }
        EDGERUN_CRASH_POINT(change_begun);
    }

private:
    SharedLock& lock_;
    const ArenaView& view_;
};

}  // namespace edgerun::store
