#pragma once

#include "arena_layout.h"
#include "arena_repair.h"
#include "edgerun/store/crash_point.h"

namespace edgerun::store {

/// Holds the zone's lock. Repairs the arena first when the last holder died
/// while it was changing something, or met damage. Signals changes, its own and
/// those of a holder that died before it did, when the lock is free again.
class ArenaGuard {
public:
    /// `signal` may be null: then others signal.
    ArenaGuard(SharedLock& lock, const ArenaView& view, ChangeSignal* signal)
        : lock_(lock), view_(view), signal_(signal) {
        lock_.lock();
        if (view_.header->mutating != kConsistent) {
            repairArena(view_);
        }
    }

    ~ArenaGuard() {
        // What reportDamage() left here is for the next holder.
        if (view_.header->mutating == kChanging) {
            storeInOrder<std::uint32_t>(view_.header->mutating, kConsistent);
        }
        const std::uint32_t due = view_.header->signalsDue;
        const bool isDue = due != __atomic_load_n(&view_.header->signalsGiven, __ATOMIC_RELAXED);
        EDGERUN_CRASH_POINT(before_unlock);
        lock_.unlock();
        if (isDue && signal_ != nullptr) {
            EDGERUN_CRASH_POINT(before_signal);
            signal_->signal();
            __atomic_store_n(&view_.header->signalsGiven, due, __ATOMIC_RELAXED);
        }
    }

    ArenaGuard(const ArenaGuard&) = delete;
    ArenaGuard& operator=(const ArenaGuard&) = delete;

    /// To be called before anything but a single word is changed.
    void beginChange() {
        if (view_.header->mutating == kConsistent) {
            storeInOrder<std::uint32_t>(view_.header->mutating, kChanging);
        }
        EDGERUN_CRASH_POINT(change_begun);
    }

private:
    SharedLock& lock_;
    const ArenaView& view_;
    ChangeSignal* signal_;
};

}  // namespace edgerun::store
