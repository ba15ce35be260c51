#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "edgerun/store/quota_counters.h"
#include "edgerun/store/quota_view.h"
#include "shared_words.h"

/// What stands in a quota zone's memory, in this order:
/// header | counters | holds | buckets by key | buckets by job.
namespace edgerun::store {

inline constexpr std::uint64_t kQuotaMagic = 0x6564'6765'7251'756f;
inline constexpr std::uint32_t kQuotaLayout = 2;

/// JSON's numbers go so far, and no sum of two runs over.
inline constexpr std::uint64_t kMostUsed = INT64_MAX;
/// What is in use has a sequence from 1; 1 is that of a counter of which no record is known.
inline constexpr std::uint64_t kNoRecord = 1;
inline constexpr std::uint64_t kMostSequence = UINT64_MAX / 4;
/// Times stay within this, so that their differences and sums do not run over.
inline constexpr std::int64_t kLastMoment = INT64_MAX / 4;

struct QuotaCounterSlot {
    std::uint64_t sequence;  ///< of its newest record; 0: the slot is free
    QuotaKey key;
    QuotaWindow window;
    std::uint64_t used;
    // Rebuilt by a repair.
    std::uint64_t reserved;
    std::uint32_t holds;  ///< of any window: while there are some, it stays
    std::uint32_t next;   ///< in its bucket, or free
};

// Values of QuotaHoldSlot::flags.
inline constexpr std::uint64_t kHoldSettled = 1;
inline constexpr std::uint64_t kHoldRestored = 2;
inline constexpr std::uint64_t kHoldAccepted = 4;

struct QuotaHoldSlot {
    std::uint64_t sequence;  ///< of its newest record; 0: the slot is free
    std::uint64_t taken;     ///< of its first
    std::uint64_t flags;
    std::uint64_t amount;
    std::uint64_t jobZone;
    QuotaWindow window;
    std::int64_t takenAt;
    JobId job;
    std::uint8_t claims;
    std::int32_t pid;
    std::uint32_t counter;
    std::uint32_t next;  ///< in its bucket, or free
};

/// A word that is about to change.
struct QuotaLogEntry {
    std::uint64_t offset;  ///< from the memory's beginning
    std::uint64_t value;
};

/// For each claim: its hold, and four words of its counter.
inline constexpr std::size_t kQuotaLogEntries = 5 * QuotaCounters::kMostClaims;

struct QuotaHeader {
    std::uint64_t magic;
    std::uint32_t layout;
    std::uint32_t counterCount;
    std::uint32_t holdCount;
    std::uint32_t mutating;  ///< a Mutating value
    std::uint64_t bytes;
    std::uint64_t seed;
    std::uint64_t journalNumber;

    std::uint64_t sequence;       ///< not below any that was given out
    std::int64_t forgottenUntil;  ///< no counter that is made anew has a window that ended by then
    std::uint64_t repairs;
    std::uint32_t isReservedStale;  ///< counters' `reserved` must be counted before it is used
    std::uint32_t logged;           ///< entries of `log` that are to be stored

    // Rebuilt by a repair. "Touched" slots were in use at some time; those above never were, so
    // fresh memory stays untouched.
    std::uint32_t countersTouched;
    std::uint32_t countersFree;
    std::uint32_t freeCounter;
    std::uint32_t searchAt;  ///< where the search for a counter that may go goes on
    std::uint32_t holdsTouched;
    std::uint32_t holdsFree;
    std::uint32_t freeHold;

    QuotaLogEntry log[kQuotaLogEntries];
};

static_assert(kMayBeShared<QuotaHeader> && kMayBeShared<QuotaCounterSlot> &&
              kMayBeShared<QuotaHoldSlot>);
static_assert(sizeof(QuotaCounterSlot) == 64 && sizeof(QuotaHoldSlot) == 104);

/// nullopt if it is too small.
std::optional<QuotaView> viewQuotas(void* memory, std::size_t bytes);

inline void reportDamage(const QuotaView& view) {
    storeInOrder<std::uint32_t>(view.header->mutating, kDamaged);
}

inline bool isPlausible(const QuotaWindow& window) {
    return window.begin < window.end && window.begin >= -kLastMoment && window.end <= kLastMoment;
}

inline bool isSame(const QuotaWindow& a, const QuotaWindow& b) {
    return a.begin == b.begin;
}

/// Is the hold's amount in what its counter has used?
inline bool isCurrent(const QuotaHoldSlot& hold, const QuotaCounterSlot& counter) {
    return isSame(hold.window, counter.window);
}

inline bool isSettled(const QuotaHoldSlot& hold) {
    return (hold.flags & kHoldSettled) != 0;
}

inline bool isAccepted(const QuotaHoldSlot& hold) {
    return (hold.flags & kHoldAccepted) != 0;
}

}  // namespace edgerun::store
