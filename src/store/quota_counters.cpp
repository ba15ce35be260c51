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

/// Calls `visit` for slots from `cursor` on, at most until `most` of them were good for something,
/// and advances it; 0 when that was the last.
template <typename Visit>
void goRound(std::uint32_t& cursor, std::uint32_t end, std::size_t most, Visit visit) {
    std::uint32_t steps = 0;
    for (; cursor < end && steps < kSlotsLookedAt && most > 0; ++cursor, ++steps) {
        most -= visit(cursor) ? 1 : 0;
    }
    cursor = cursor < end ? cursor : 0;
}

std::size_t roomFor(std::size_t most) {
    return std::min<std::size_t>(most, kSlotsLookedAt);
}

/// Null for a slot that holds nothing.
const QuotaHoldSlot* holdAt(const QuotaView& view, std::uint32_t index) {
    const QuotaHoldSlot& hold = view.holds[index];
    const bool isHold =
        hold.sequence != 0 && !isReleased(hold) && isCounterInUse(view, hold.counter);
    return isHold ? &hold : nullptr;
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
    const std::uint32_t end = std::min(view_.header->holdsTouched, view_.holdCount);
    goRound(cursor, end, most, [this, &found](std::uint32_t index) {
        const QuotaHoldSlot* hold = holdAt(view_, index);
        if (hold != nullptr) {
            found.push_back({holderOf(*hold), isAccepted(*hold), (hold->flags & kHoldRestored) != 0,
                             hold->takenAt, hold->amount, view_.counters[hold->counter].key,
                             hold->window});
        }
        return hold != nullptr;
    });
    return found;
}

std::vector<QuotaRecord> QuotaCounters::records(std::uint32_t& cursor, std::size_t most) {
    std::vector<QuotaRecord> found;
    found.reserve(roomFor(most));
    QuotaGuard guard(*lock_, view_);
    const std::uint32_t holds = std::min(view_.header->holdsTouched, view_.holdCount);
    // Counters stand before holds: those that are never touched are passed over quickly enough.
    goRound(cursor, view_.counterCount + holds, most, [this, &found](std::uint32_t place) {
        if (place < view_.counterCount) {
            const QuotaCounterSlot& counter = view_.counters[place];
            const bool isInUse =
                place < view_.header->countersTouched && counter.sequence > kNoRecord;
            if (isInUse) {
                found.push_back(recordOf(counter));
            }
            return isInUse;
        }
        const QuotaHoldSlot* hold = holdAt(view_, place - view_.counterCount);
        if (hold != nullptr) {
            found.push_back(recordOf(*hold, view_.counters[hold->counter].key));
        }
        return hold != nullptr;
    });
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
