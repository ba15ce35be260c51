#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edgerun/loop/thread_task.h"
#include "edgerun/run/record.h"
#include "edgerun/store/quota_counters.h"

namespace edgerun::engine {

/// One edgerun_quota_zone, as a worker uses it.
struct QuotaZone {
    std::string name;
    void* memory = nullptr;  ///< carved by QuotaCounters::format()
    std::size_t bytes = 0;
    store::SharedLock* lock = nullptr;
    std::string journal;                ///< its directory, or empty
    ngx_thread_pool_t* pool = nullptr;  ///< the journal's
};

/// What one job is to take from one zone.
struct QuotaOrder {
    std::size_t zone = 0;  ///< index, as given to QuotaBook::create()
    store::QuotaClaim claim;
    std::size_t quota = 0;  ///< its giver's own: which of its quotas this is of
};

struct QuotaVerdict {
    store::QuotaOutcome outcome = store::QuotaOutcome::Taken;
    std::vector<store::QuotaUse> uses;  ///< one for each order, as it stands now
    std::vector<bool> exceeded;         ///< likewise: above its limit, or would have been
    bool isComing = false;              ///< Taken, but not written yet: the waiter will be told
    bool isUnavailable = false;         ///< with Full: a journal cannot be written
};

/// Told once whether what a job took was written.
class QuotaWaiter {
public:
    virtual void onQuotaWritten(bool isWritten) noexcept = 0;

protected:
    ~QuotaWaiter() = default;
};

/// What became of a job that holds something.
struct JobFate {
    enum class Kind {
        Undecided,  ///< not all jobs are known yet
        Unknown,    ///< there is no such job
        Running,
        Ended,
    };
    Kind kind = Kind::Undecided;
    bool survivesRestarts = false;  ///< its zone has a journal
    run::Record record;             ///< if it has ended
};

class JobFates {
public:
    /// Of a job of that zone (stableHash() of its name), whatever its owner, hidden ones included.
    virtual JobFate fateOf(std::uint64_t jobZone, const store::JobId& job) = 0;

protected:
    ~JobFates() = default;
};

/// The quotas of all zones, in one worker: what its jobs take, keep, give back and have used. Once
/// a second it looks at holds of workers that died, and decides them by what became of their jobs.
///
/// With a journal, what is taken is written (not flushed) before the waiter hears of it, and
/// flushed within a second, all by a thread. Of the worker's event loop, which it never blocks.
class QuotaBook {
public:
    /// Null (logged) if a zone or its journal cannot be used. `fates` must outlive it.
    static std::unique_ptr<QuotaBook> create(const std::vector<QuotaZone>& zones, JobFates& fates);
    ~QuotaBook();
    QuotaBook(const QuotaBook&) = delete;
    QuotaBook& operator=(const QuotaBook&) = delete;

    /// All orders or none, in whichever zones. A job takes once, and keep() or giveBack() is to
    /// follow. Throws std::bad_alloc, having given back what it took. If isComing, the waiter must
    /// live until it is told or forgotten.
    QuotaVerdict take(const store::JobId& job, std::uint64_t jobZone,
                      const std::vector<QuotaOrder>& orders, QuotaWaiter& waiter);
    void forget(QuotaWaiter& waiter) noexcept;

    /// The job was accepted.
    void keep(const store::JobId& job) noexcept;
    /// It was not.
    void giveBack(const store::JobId& job) noexcept;
    /// It is final.
    void settle(const store::JobId& job, const run::Record& record) noexcept;

    /// How a counter of that zone (an index, as in QuotaOrder) stands; see QuotaCounters::use().
    store::QuotaUse use(std::size_t zone, const store::QuotaKey& key,
                        const store::QuotaWindow& window);

private:
    struct Impl;
    explicit QuotaBook(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// What the run counts as for quotas of tokens: its usage; 0 where surely nothing was started;
/// nullopt where nobody knows: then what was reserved counts.
std::optional<std::uint64_t> tokensOf(const run::Record& record);

}  // namespace edgerun::engine
