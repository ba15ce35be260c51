#pragma once

#include "edgerun/store/crash_point.h"
#include "quota_layout.h"
#include "quota_repair.h"

namespace edgerun::store {

/// Holds the zone's lock. Repairs it first when the last holder died while it was changing
/// something, or met damage. Of counters' `reserved` nothing may be expected.
class QuotaRestoreGuard {
public:
    QuotaRestoreGuard(SharedLock& lock, const QuotaView& view) : lock_(lock), view_(view) {
        lock_.lock();
        if (view_.header->mutating != kConsistent) {
            repairQuotas(view_);
        }
    }

    ~QuotaRestoreGuard() {
        // What reportDamage() left here is for the next holder.
        if (view_.header->mutating == kChanging) {
            storeInOrder<std::uint32_t>(view_.header->mutating, kConsistent);
        }
        EDGERUN_CRASH_POINT(quota_before_unlock);
        lock_.unlock();
    }

    QuotaRestoreGuard(const QuotaRestoreGuard&) = delete;
    QuotaRestoreGuard& operator=(const QuotaRestoreGuard&) = delete;

    /// To be called before anything but a single word is changed.
    void beginChange() {
        if (view_.header->mutating == kConsistent) {
            storeInOrder<std::uint32_t>(view_.header->mutating, kChanging);
        }
        EDGERUN_CRASH_POINT(quota_change_begun);
    }

private:
    SharedLock& lock_;
    const QuotaView& view_;
};

/// The same, with all counters in order.
class QuotaGuard : public QuotaRestoreGuard {
public:
    QuotaGuard(SharedLock& lock, const QuotaView& view) : QuotaRestoreGuard(lock, view) {
        if (view.header->isReservedStale != 0) {
            countReserved(view);
        }
    }
};

}  // namespace edgerun::store
