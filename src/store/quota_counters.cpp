#include "edgerun/store/quota_counters.h"

#include <openssl/err.h>
#include <openssl/rand.h>

#include <algorithm>
#include <new>

#include "quota_guard.h"
#include "quota_index.h"
#include "quota_layout.h"
#include "quota_records.h"
#include "quota_standing.h"

namespace edgerun::store {

namespace {

/// How many slots one call of holds() or records() looks at.
constexpr std::uint32_t kSlotsLookedAt = 4096;

/// Calls `visit` for slots from `first` on, until `most` of them were good for something or so
/// many were looked at; where to go on, `end` after the last.
template <typename Visit>
std::uint32_t lookAt(std::uint32_t first, std::uint32_t end, std::size_t most, Visit visit) {
    std::uint32_t at = first;
    while (at < end && at - first < kSlotsLookedAt && most > 0) {
        most -= visit(at++) ? 1 : 0;
    }
    return std::min(at, end);
}

std::size_t roomFor(std::size_t most) {
    return std::min<std::size_t>(most, kSlotsLookedAt);
}

QuotaHold told(const QuotaHoldSlot& hold) {
    return {holderOf(hold), isAccepted(hold), (hold.flags & kHoldRestored) != 0, hold.takenAt};
}

std::uint32_t touchedCounters(const QuotaView& view) {
    return std::min(view.header->countersTouched, view.counterCount);
}

std::uint32_t touchedHolds(const QuotaView& view) {
    return std::min(view.header->holdsTouched, view.holdCount);
}

/// Calls `use` for the holds from `first` on, as lookAt(); 0 after the last.
template <typename Use>
std::uint32_t visitHolds(const QuotaView& view, std::uint32_t first, std::size_t most, Use use) {
    const std::uint32_t end = touchedHolds(view);
    const std::uint32_t next = lookAt(first, end, most, [&](std::uint32_t index) {
        const QuotaHoldSlot& hold = view.holds[index];
        const bool isOne = isSound(view, hold);
        if (isOne) {
            use(hold);
        }
        return isOne;
    });
    return next < end ? next : 0;
}

}  // namespace

bool QuotaCounters::format(void* memory, std::size_t bytes) {
    std::optional<QuotaView> view = viewQuotas(memory, bytes);
    if (!view) {
        return false;
    }
    QuotaHeader& header = *new (view->header) QuotaHeader();
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&header.seed), sizeof(header.seed)) != 1) {
        ERR_clear_error();
        return false;
    }
    header.layout = kQuotaLayout;
    header.bytes = bytes;
    header.counterCount = view->counterCount;
    header.holdCount = view->holdCount;
    header.sequence = kNoRecord;
    header.forgottenUntil = INT64_MIN;
    clearIndex(*view);
    storeInOrder(header.magic, kQuotaMagic);
    return true;
}

std::optional<QuotaCounters> QuotaCounters::attach(void* memory, std::size_t bytes,
                                                   SharedLock& lock) {
    std::optional<QuotaView> view = viewQuotas(memory, bytes);
    if (!view) {
        return std::nullopt;
    }
    const QuotaHeader& header = *view->header;
    if (header.magic != kQuotaMagic || header.layout != kQuotaLayout || header.bytes != bytes ||
        header.counterCount != view->counterCount || header.holdCount != view->holdCount) {
        return std::nullopt;
    }
    view->seed = header.seed;
    return QuotaCounters(*view, lock);
}

QuotaUse QuotaCounters::use(const QuotaKey& key, const QuotaWindow& window) {
    QuotaGuard guard(*lock_, view_);
    return standingOf(view_, findCounter(view_, key), window);
}

std::vector<QuotaHold> QuotaCounters::holds(std::uint32_t& cursor, std::size_t most) {
    std::vector<QuotaHold> found;
    found.reserve(roomFor(most));
    QuotaGuard guard(*lock_, view_);
    cursor = visitHolds(view_, cursor, most,
                        [&found](const auto& hold) { found.push_back(told(hold)); });
    return found;
}

/// Counters stand before holds.
std::vector<QuotaRecord> QuotaCounters::records(std::uint32_t& cursor, std::size_t most) {
    std::vector<QuotaRecord> found;
    found.reserve(roomFor(most));
    QuotaGuard guard(*lock_, view_);
    const std::uint32_t counters = touchedCounters(view_);
    if (cursor < counters) {
        cursor = lookAt(cursor, counters, most, [this, &found](std::uint32_t index) {
            const QuotaCounterSlot& counter = view_.counters[index];
            const bool hasRecord = isSound(counter) && counter.sequence != kNoRecord;
            if (hasRecord) {
                found.push_back(recordOf(counter));
            }
            return hasRecord;
        });
        cursor = cursor < counters ? cursor : view_.counterCount;
        return found;
    }
    const std::uint32_t next =
        visitHolds(view_, std::max(cursor, view_.counterCount) - view_.counterCount, most,
                   [this, &found](const auto& hold) {
                       found.push_back(recordOf(hold, view_.counters[hold.counter].key));
                   });
    cursor = next == 0 ? 0 : view_.counterCount + next;
    return found;
}

std::uint64_t QuotaCounters::journalNumber() {
    QuotaGuard guard(*lock_, view_);
    return view_.header->journalNumber;
}

void QuotaCounters::setJournalNumber(std::uint64_t number) {
    QuotaGuard guard(*lock_, view_);
    storeInOrder(view_.header->journalNumber, number);
}

QuotaCounters::Gauges QuotaCounters::gauges() {
    QuotaGuard guard(*lock_, view_);
    const QuotaHeader& header = *view_.header;
    return {view_.counterCount - header.countersFree, header.countersFree,
            view_.holdCount - header.holdsFree, header.holdsFree, header.repairs};
}

}  // namespace edgerun::store
