#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/run/record.h"
#include "edgerun/store/arena_view.h"
#include "edgerun/store/job_id.h"
#include "edgerun/store/shared_lock.h"

namespace edgerun::store {

struct ArenaLimits {
    std::uint64_t ttl = 3'600'000;            ///< ms that a final job is kept
    std::size_t maxBody = 256 * 1024 + 8192;  ///< bytes of one job's JSON
    /// Bytes of one job's request; a small arena takes less, so that the
    /// largest body still fits beside it.
    std::size_t maxRequest = 8 * 1024 * 1024;
};

/// Names a job for its worker. `fence` grows with each change of owner: what a
/// former owner still wants to write is recognised by it and dropped.
struct JobRef {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    std::uint32_t fence = 0;
};

/// A worker's place in the zone's table of workers. Jobs name it as their
/// owner; the worker renews one deadline for all of its jobs. When the
/// deadline passes, or the worker gives the place back, its jobs are free.
struct WorkerPlace {
    std::uint32_t index = 0;
    std::uint64_t nonce = 0;
};

enum class AcceptStatus {
    Accepted,
    Full,        ///< live jobs take all slots or blocks
    TooLarge,    ///< request or body above the limits, or what this arena can ever hold
    NoOwner,     ///< the worker's place was lost: register again
    ThreadBusy,  ///< the record names a thread that a live job of the owner has
};

struct Accepted {
    AcceptStatus status;
    JobRef ref;
};

/// What a status poll needs, besides the body's bytes.
struct JobView {
    enum class Found { Yes, No, BufferTooSmall };
    Found found = Found::No;
    std::size_t size = 0;       ///< of the body
    std::uint64_t version = 0;  ///< the record's
    run::JobStatus status = run::JobStatus::Pending;
    std::uint64_t age = 0;  ///< ms since acceptance
};

/// A thread of an earlier job that its owner wants to continue. Free is advice:
/// accept() decides.
enum class ThreadUse { Unknown, Free, Busy };

struct ArenaGauges {
    std::uint32_t slots, slotsFree, blocks, blocksFree, live, finished, workers;
    std::uint64_t accepted, refused, expired, evicted, repairs;
};

/// Jobs in one piece of shared memory, carved once: header, slots, hash
/// buckets, 1 KiB blocks. Indices only, no pointers. Every change of a job is
/// one flip between two copies of its state, so a reader or a repair never
/// meets half a change.
///
/// All functions may be called from any process that maps the memory; each
/// takes the lock for a bounded time and does no I/O under it. An object
/// belongs to one thread. Times are monotonic milliseconds.
class JobArena {
public:
    /// The least memory that holds a useful arena.
    static constexpr std::size_t kMinimumBytes = 64 * 1024;

    /// A job can always become final with a body up to this size: blocks are
    /// kept free for it.
    static constexpr std::size_t kAssuredBody = 2 * 1016;

    /// Would so much memory hold an arena with these limits?
    static bool fits(std::size_t bytes, const ArenaLimits& limits);

    /// Carves fresh memory (zero-filled or not). False if it is too small or
    /// the limits do not fit it. `memory` must be aligned to 16 bytes.
    static bool format(void* memory, std::size_t bytes, const ArenaLimits& limits,
                       const JobIdSecret& secret);

    /// Attaches to memory carved by format(), by this or an earlier process;
    /// nullopt if it is not, or has another layout version or size.
    static std::optional<JobArena> attach(void* memory, std::size_t bytes, SharedLock& lock);

    /// As given to format().
    const ArenaLimits& limits() const { return limits_; }
    const JobIdSecret& idSecret() const { return idSecret_; }

    // --- workers ---

    /// Takes a place until `deadline`; nullopt when all 128 are taken by
    /// processes that exist.
    std::optional<WorkerPlace> registerWorker(std::int32_t pid, std::uint64_t deadline);
    /// False when the place was lost meanwhile (its jobs have other owners).
    bool renewWorker(const WorkerPlace& place, std::uint64_t deadline);
    /// Gives the place back; its jobs are free at once.
    void releaseWorker(const WorkerPlace& place);
    /// Takes over up to `most` live jobs whose owner is gone, and appends them
    /// to `taken`. Looks at a bounded number of slots from `cursor`, which it
    /// advances; cheap while every owner is alive. While there is more to look
    /// at, the cursor moves with each call: call again soon.
    void adopt(const WorkerPlace& place, std::uint64_t now, std::uint32_t& cursor, std::size_t most,
               std::vector<JobRef>& taken);

    /// Gives one job back; the next adopt() of any worker finds it.
    void release(const JobRef& ref);

    // --- jobs, for clients ---

    /// Stores a new job. Makes room by removing finished jobs, oldest first;
    /// never a live one.
    Accepted accept(const WorkerPlace& place, const JobId& id, const JobOwner& owner,
                    const run::Record& record, std::string_view request, std::string_view body,
                    std::uint64_t now);

    /// Copies the job's JSON into `buffer` if `capacity` suffices. Found::No
    /// for an unknown id, another owner's job and one past its ttl alike.
    JobView read(const JobId& id, const JobOwner& owner, std::uint64_t now, char* buffer,
                 std::size_t capacity);

    /// Free: this owner has a job with that thread, and none of them is live.
    ThreadUse findThread(const JobOwner& owner, std::string_view threadId);

    // --- jobs, for the worker that owns them ---

    /// nullopt when the job is not this worker's any more (or gone).
    std::optional<run::Record> load(const JobRef& ref);
    std::optional<JobId> idOf(const JobRef& ref);
    std::optional<std::string> loadRequest(const JobRef& ref);

    enum class Commit {
        Done,
        Lost,  ///< another owner, or gone: forget the job
        Full,  ///< no blocks for the body: nothing was changed
    };

    /// Replaces the record; with a body, also the client's JSON, whose
    /// versions the caller counts in record.version. Refuses to move a status
    /// back or to change a final one (Lost). A final record's request is
    /// dropped, its ttl begins. A record with phase Done leaves its owner.
    Commit commit(const JobRef& ref, const run::Record& record,
                  std::optional<std::string_view> body, std::uint64_t now);

    // --- housekeeping ---

    /// Removes up to `most` finished jobs past their ttl.
    std::size_t expire(std::uint64_t now, std::size_t most);

    ArenaGauges gauges();

private:
    JobArena(const ArenaView& view, SharedLock& lock);

    std::optional<std::size_t> requestSize(const JobRef& ref);
    void scanForOrphans(const WorkerPlace& place, std::uint32_t& cursor, std::size_t most,
                        std::vector<JobRef>& taken);

    ArenaView view_;
    SharedLock* lock_;
    ArenaLimits limits_;
    JobIdSecret idSecret_;
    /// The orphan epoch whose round over all slots is under way or done, and
    /// how many slots that round still has to look at.
    std::uint64_t roundEpoch_;
    std::uint32_t roundLeft_ = 0;
};

}  // namespace edgerun::store
