#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "edgerun/store/job_id.h"
#include "edgerun/store/quota_view.h"
#include "edgerun/store/quota_window.h"
#include "edgerun/store/shared_lock.h"

namespace edgerun::store {

/// Whose use of what: a digest of the quota's unit, period and time zone, and of the caller's key.
using QuotaKey = std::array<std::uint8_t, 16>;

/// What one job is to take from one quota.
struct QuotaClaim {
    QuotaKey key{};
    QuotaWindow window;
    std::uint64_t limit = 0;  ///< UINT64_MAX: none
    std::uint64_t amount = 1;
    bool isSettled = false;  ///< the amount is a guess: settle() says at the job's end what it was
    bool isDryRun = false;   ///< counts, and refuses nothing
};

/// How one counter stands.
struct QuotaUse {
    std::uint64_t used = 0;      ///< held amounts included
    std::uint64_t reserved = 0;  ///< of it, what isSettled claims hold
    QuotaWindow window;          ///< which is counted: never one before a window that was counted
};

/// Of whom a hold is.
struct QuotaHolder {
    JobId job{};
    std::uint64_t jobZone = 0;  ///< names the zone in which the job is
    std::int32_t pid = 0;       ///< of the worker
};

/// What a worker that died, or that missed a job's end, left to decide.
struct QuotaHold {
    QuotaHolder holder;
    bool isAccepted = false;  ///< keep() was called
    bool isRestored = false;  ///< by restore(): its worker was of an earlier life
    std::int64_t takenAt = 0;
};

/// A counter, a hold, or the end of one: with the greatest `sequence` is newest.
///
/// Workers write what they do, and some of that may be lost with them: then a counter that another
/// one wrote later would tell of holds, and ends of holds, of which nothing else is known. So a
/// journal has Holds and Ends only, each of which says all of itself, and counters where all is
/// said anew (see quota_files.h).
struct QuotaRecord {
    enum class Kind : std::uint8_t { Counter, Hold, End };
    Kind kind = Kind::Counter;
    std::uint64_t sequence = 0;  ///< of the zone: grows with each change
    QuotaKey key{};
    QuotaWindow window;
    std::uint64_t amount = 0;  ///< used, or held; of End: what of it counts
    QuotaHolder holder;        ///< of Hold and End
    // Of Hold.
    bool isSettled = false;   ///< as QuotaClaim's
    bool isAccepted = false;  ///< keep() was called
    std::uint8_t claims = 1;  ///< of this key that the job had: settle()'s amount counts so often
    // Of Hold and End: the counter has it if its own sequence is not below.
    std::uint64_t taken = 0;  ///< sequence of the hold's first record
    std::uint64_t held = 0;   ///< of End: what the hold was
};

enum class QuotaOutcome {
    Taken,
    Spent,  ///< of one that is no dry run; nothing was taken
    /// The zone has no room for another counter or hold, or there are more than kMostClaims:
    /// nothing was taken. (What a dry run has no room for is not counted.)
    Full,
};

struct QuotaTaken {
    QuotaOutcome outcome = QuotaOutcome::Taken;
    std::vector<QuotaUse> uses;  ///< one for each claim, as it stands afterwards
    std::vector<bool> exceeded;  ///< one for each claim: it is, or would have been, above its limit
    std::vector<QuotaRecord> records;  ///< Holds, for the journal
};

/// Counters of quotas in one piece of shared memory: fixed slots, found by hash. A claim is a hold
/// first, in the name of its job, and counts from then on; keep() makes it final, giveBack() undoes
/// it. What a process that died left half done is undone or finished by the next that takes the
/// lock; what it held stays until somebody decides what holds() shows.
///
/// A counter whose window has ended makes room; a live one never does. The clock going back opens
/// no former window again.
///
/// Every function takes the lock for a bounded time, without I/O. An object belongs to one thread.
/// Nothing in the memory is trusted. Times are Unix ms.
class QuotaCounters {
public:
    static constexpr std::size_t kMinimumBytes = 32 * 1024;
    static constexpr std::size_t kMostClaims = 32;

    /// Carves fresh memory, aligned to 16. False if it is too small.
    static bool format(void* memory, std::size_t bytes);
    /// nullopt for memory that format() did not carve, or of another layout or size.
    static std::optional<QuotaCounters> attach(void* memory, std::size_t bytes, SharedLock& lock);

    /// All of them or none, once for each job. Claims of equal keys add up.
    QuotaTaken take(const QuotaHolder& holder, const std::vector<QuotaClaim>& claims,
                    std::int64_t now);

    // What these three do, they do once: called again, they change nothing. They return what
    // changed for the journal: Holds that stay, and Ends.

    /// The job was accepted: what it took counts. Holds of isSettled claims stay, accepted.
    std::vector<QuotaRecord> keep(const JobId& job);
    /// It was not: as if it had never been.
    std::vector<QuotaRecord> giveBack(const JobId& job);
    /// It has ended, having used so much: isSettled claims become that, unless their window is
    /// over. nullopt: what was reserved stays counted.
    std::vector<QuotaRecord> settle(const JobId& job, std::optional<std::uint64_t> amount);

    /// How it stands now; zeros where nothing was counted in that window.
    QuotaUse use(const QuotaKey& key, const QuotaWindow& window);

    /// Up to `most` holds, going round from `cursor`, which it advances and which is 0 after the
    /// last. Looks at a bounded number of slots: fewer than `most`, or none, are not the end.
    std::vector<QuotaHold> holds(std::uint32_t& cursor, std::size_t most);

    /// Counters and Holds: everything, for a journal that is begun anew, in pieces as of holds():
    /// call until `cursor` is 0 again.
    std::vector<QuotaRecord> records(std::uint32_t& cursor, std::size_t most);
    /// Brings a counter or a hold back, in any order; of several that are one, the newest. Counters
    /// whose window has ended make room. False if there is none.
    bool restore(const QuotaRecord& record, std::int64_t now);

    /// The number of the journal's file that is being written (see QuotaWriter); 0: none yet.
    std::uint64_t journalNumber();
    void setJournalNumber(std::uint64_t number);

    struct Gauges {
        std::uint32_t counters, countersFree, holds, holdsFree;
        std::uint64_t repairs;
    };
    Gauges gauges();

private:
    QuotaCounters(const QuotaView& view, SharedLock& lock) : view_(view), lock_(&lock) {}

    QuotaView view_;
    SharedLock* lock_;
};

}  // namespace edgerun::store
