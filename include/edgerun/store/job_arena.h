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
#include "edgerun/store/job_snapshot.h"
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

struct NewJob {
    const JobId& id;
    const JobOwner& owner;
    const run::Record& record;
    std::string_view request;
    std::string_view body;
    IdempotencyKey key{};
    std::uint32_t maxRunning = 0;  ///< of the owner's jobs that are not final; 0: any number
    /// Has its room, and its key, but nobody sees it until publish().
    bool isHidden = false;
};

enum class AcceptStatus {
    Accepted,
    Full,            ///< live jobs take all slots or blocks
    TooLarge,        ///< request or body above the limits, or what this arena can ever hold
    NoOwner,         ///< the worker's place was lost: register again
    TooManyRunning,  ///< NewJob::maxRunning
    KnownKey,        ///< a job with this key is there: Accepted::known
    ThreadGone,      ///< the thread that it is to go on in is being deleted
};

/// What a job that ends has settled for its thread.
enum class ThreadEnd : std::uint8_t {
    Open,     ///< nothing
    Left,     ///< to another job that has it
    Deleted,  ///< nobody may go on in it from now on
};

/// The job that came first with a key.
struct KnownJob {
    JobId id{};
    bool isSameRequest = false;  ///< fingerprints are equal
    bool isHidden = false;       ///< its acceptance is not over yet
    bool isClaimed = false;      ///< there is none yet, but a worker is about to accept it
};

struct Accepted {
    AcceptStatus status;
    JobRef ref;
    KnownJob known;
};

/// A job as its owner's worker finds it.
struct LoadedJob {
    run::Record record;
    std::uint32_t revision = 0;  ///< of this state; the next commit makes it one more
};

enum class Seizure {
    Taken,
    Done,     ///< nothing is left to do for it
    Unknown,  ///< no such job of this owner, or a hidden one
    NoOwner,  ///< the worker's place was lost: register again
};

struct Seized {
    Seizure outcome;
    JobRef ref;
};

/// Tells a change of one job without a lock.
struct JobWatch {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    std::uint32_t changes = 0;
};

/// Tells all workers that a job has changed for which somebody watches.
class ChangeSignal {
public:
    virtual void signal() noexcept = 0;

protected:
    ~ChangeSignal() = default;
};

/// What a list shows of a job.
struct ListedJob {
    JobId id;
    run::Record record;
};

struct JobList {
    std::vector<ListedJob> jobs;  ///< newest first
    bool hasMore = false;
    JobId next{};  ///< where to go on (`after`), if hasMore; perhaps not in `jobs`
};

enum class Restored {
    Restored,
    Known,  ///< the arena has it already
    Full,   ///< there is no room beside live jobs, or it is what no arena holds
};

enum class Steps { Without, With };

/// What a status poll needs, besides the body's bytes.
struct JobView {
    enum class Found { Yes, No, BufferTooSmall };
    Found found = Found::No;
    std::size_t size = 0;       ///< of the body
    std::uint64_t version = 0;  ///< the record's
    run::JobStatus status = run::JobStatus::Pending;
    std::uint64_t age = 0;     ///< ms since acceptance
    std::int64_t tokens = -1;  ///< of its run, in all; -1: not known
};

struct ArenaGauges {
    std::uint32_t slots, slotsFree, blocks, blocksFree, live, finished, workers;
    std::uint64_t accepted, refused, expired, evicted, repairs;
    std::uint64_t journalFailures;  ///< flushes or writes that failed
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
    /// `signal` may be null; it is called without the lock held.
    static std::optional<JobArena> attach(void* memory, std::size_t bytes, SharedLock& lock,
                                          ChangeSignal* signal = nullptr);

    /// As given to format().
    const ArenaLimits& limits() const { return limits_; }
    const JobIdSecret& idSecret() const { return idSecret_; }
    /// Of this memory since format(); never 0.
    std::uint64_t instance() const { return instance_; }

    // --- what an earlier life left in a journal ---

    /// How much of the earlier jobs this arena has. One atomic load.
    enum class Loading : std::uint32_t {
        Wanted,   ///< nothing has been read yet: jobs are not to be served
        Partial,  ///< processes of an earlier life still hold some: ids that are missing here may
                  ///< be theirs
        Whole,
    };
    Loading loading() const noexcept;
    /// Set to Whole by format().
    void setLoading(Loading loading) noexcept;

    /// Brings a job back, in the order of their creation; a live one finds its worker by adopt().
    /// `expiresAt` counts for jobs that are not open. Room is made as by accept(), but a finished
    /// job takes none from those that expire later.
    Restored restore(const JobSnapshot& job, std::uint64_t acceptedAt, std::uint64_t expiresAt);

    /// Whatever its owner; nullopt if it is not there.
    std::optional<JobSnapshot> snapshot(const JobId& id);

    void countJournalFailure();

    // --- workers ---

    /// Takes a place until `deadline`; nullopt when all 128 are taken by
    /// processes that exist.
    std::optional<WorkerPlace> registerWorker(std::int32_t pid, std::uint64_t deadline);
    /// False when the place was lost meanwhile (its jobs have other owners).
    bool renewWorker(const WorkerPlace& place, std::uint64_t deadline);
    /// Gives the place back; its jobs are free at once.
    void releaseWorker(const WorkerPlace& place);
    /// Takes over up to `most` live jobs whose owner is gone (its deadline has passed, or its
    /// process does not exist), and appends them to `taken`. Looks at a bounded number of slots
    /// from `cursor`, which it advances; cheap while every owner is alive. While there is more to
    /// look at, the cursor moves with each call: call again soon.
    void adopt(const WorkerPlace& place, std::uint64_t now, std::uint32_t& cursor, std::size_t most,
               std::vector<JobRef>& taken);

    /// Gives one job back; the next adopt() of any worker finds it.
    void release(const JobRef& ref);

    // --- jobs, for clients ---

    /// Stores a new job. Makes room by removing finished jobs, oldest first;
    /// never a live one.
    Accepted accept(const WorkerPlace& place, const NewJob& job, std::uint64_t now);

    /// A hidden job becomes visible. False when the job is not this worker's any more.
    bool publish(const JobRef& ref);
    /// A hidden job never was. False, with nothing changed, when it is not this worker's any more.
    bool withdraw(const JobRef& ref);

    /// The job that came with this key, unless it is erased or past its ttl.
    std::optional<KnownJob> findKey(const IdempotencyKey& key, std::uint64_t now);

    /// For who must do something between asking for the key and accept(): it is this worker's until
    /// releaseKey(), or until the place is lost. One at a time. If it is a job's or another
    /// worker's, that is told, and nothing claimed.
    std::optional<KnownJob> claimKey(const WorkerPlace& place, const IdempotencyKey& key,
                                     std::uint64_t now);
    void releaseKey(const WorkerPlace& place);

    /// Copies the job's JSON into `buffer` if `capacity` suffices. Found::No
    /// for an unknown id, another owner's job, a hidden or erased one and one past its ttl alike.
    /// Without steps, the JSON ends before them.
    JobView read(const JobId& id, const JobOwner& owner, std::uint64_t now, char* buffer,
                 std::size_t capacity, Steps steps = Steps::Without);

    /// Where the owner's thread is, by a job of it: Record::provider. nullopt if there is none, or
    /// it is gone.
    std::optional<std::uint64_t> providerOfThread(const JobOwner& owner, std::string_view threadId);
    /// The youngest of the owner's jobs with that thread.
    std::optional<JobId> newestInThread(const JobOwner& owner, std::string_view threadId);

    /// Takes a job whose phase is not Done over from whichever worker has it: what that one
    /// still wants to write is dropped. (To cancel or erase it.)
    Seized seize(const WorkerPlace& place, const JobId& id, const JobOwner& owner);

    /// Removes a job whose phase is Done. False if there is no such job of this owner.
    bool erase(const JobId& id, const JobOwner& owner);

    /// The owner's visible jobs, newest first, behind `after` (of this owner, there or not; or
    /// nullopt), at most `limit`, only those with `status` if there is one. Looks at a bounded
    /// number of jobs.
    JobList list(const JobOwner& owner, const std::optional<JobId>& after,
                 std::optional<run::JobStatus> status, std::size_t limit, std::uint64_t now);

    /// From now on hasChanged() tells whether the job was published, changed for its owner, or
    /// removed, and the ChangeSignal is given when that happens. Hidden jobs too. nullopt if
    /// there is no such job of this owner.
    std::optional<JobWatch> watch(const JobId& id, const JobOwner& owner);
    bool hasChanged(const JobWatch& watch) const noexcept;

    // --- jobs, for the worker that owns them ---

    /// nullopt when the job is not this worker's any more (or gone).
    std::optional<LoadedJob> load(const JobRef& ref);
    /// All of it; nullopt likewise.
    std::optional<JobSnapshot> loadWhole(const JobRef& ref);
    std::optional<JobId> idOf(const JobRef& ref);
    std::optional<std::string> loadRequest(const JobRef& ref);

    /// Jobs that continue the same thread go one after another, in the order of their ids. Asks
    /// for the job's turn, which it then has until it does not hold its thread any more: nullopt
    /// if it has it (or is not this worker's), else a watch on the job that must end first.
    std::optional<JobWatch> takeTurn(const JobRef& ref);
    /// Will another live job of the owner see to the same thread? One that is open and has not left
    /// it will; of those that have ended, the newest. Cheap where none continues a thread.
    bool isThreadWanted(const JobRef& ref);
    /// The job's worker is about to commit that: false if it must decide anew, for with Left no
    /// other job has the thread any more, or with Deleted another one has it now. True is binding:
    /// other jobs do not count on one that left, and accept() refuses who goes on in the thread;
    /// until another worker takes the job over, or a commit says that it has not ended.
    bool settleThread(const JobRef& ref, ThreadEnd end);
    /// Is less than a quarter of the slots or of the blocks left for new jobs? What finished jobs
    /// have counts as left.
    bool isCrowded();
    /// The request that was kept by the job that was the last to let go of this one's thread.
    std::optional<std::string> loadThreadMemory(const JobRef& ref);

    enum class Commit {
        Done,
        Lost,  ///< another owner, or gone: forget the job
        Full,  ///< no blocks for body or request: nothing was changed
    };

    /// Replaces the record; with a body, also the client's JSON, whose
    /// versions the caller counts in record.version; with a request, that too. Refuses to move a
    /// status back or to change a final one (Lost). A final record's request is dropped unless
    /// it keepsRequest, its ttl begins. A record with phase Done leaves its owner. A hidden job
    /// becomes visible; one that was ever erased loses its body, and is removed once its phase is
    /// Done.
    Commit commit(const JobRef& ref, const JobUpdate& update, std::uint64_t now);

    // --- housekeeping ---

    /// Removes up to `most` finished jobs past their ttl.
    std::size_t expire(std::uint64_t now, std::size_t most);

    ArenaGauges gauges();

private:
    JobArena(const ArenaView& view, SharedLock& lock, ChangeSignal* signal);

    void scanForOrphans(const WorkerPlace& place, std::uint32_t& cursor, std::size_t most,
                        std::vector<JobRef>& taken);

    ArenaView view_;
    SharedLock* lock_;
    ChangeSignal* signal_;
    ArenaLimits limits_;
    JobIdSecret idSecret_;
    std::uint64_t instance_;
    /// The orphan epoch whose round over all slots is under way or done, and
    /// how many slots that round still has to look at.
    std::uint64_t roundEpoch_;
    std::uint32_t roundLeft_ = 0;
};

}  // namespace edgerun::store
