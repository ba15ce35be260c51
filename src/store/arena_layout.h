#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "edgerun/run/record.h"
#include "edgerun/store/arena_view.h"
#include "edgerun/store/job_arena.h"
#include "edgerun/store/job_id.h"
#include "shared_words.h"

/// What stands in an arena's memory, in this order:
/// header | slots | buckets by id, owner, owner of live jobs, key | reached bits | blocks.
namespace edgerun::store {

inline constexpr std::uint64_t kArenaMagic = 0x6564'6765'7275'6e31;
inline constexpr std::uint32_t kArenaLayout = 5;

inline constexpr std::uint32_t kSlotInUse = 0x6a6f6221;
inline constexpr std::uint32_t kWorkerPlaces = 128;
inline constexpr std::uint32_t kBlockPayload = 1016;
inline constexpr std::uint32_t kBlocksPerSlot = 3;
/// Kept free so that every job that is not final can end with a body of so
/// many blocks. Commits come one after another, and a final one gives back the
/// job's former body and its request; so the blocks are kept once for all jobs,
/// and further ones only for jobs that would give back fewer: those with little in them, or whose
/// request stays. (Of a job that wants to keep its request from its last commit on, or to write a
/// longer one with it, the commit may be refused; without that it is not.)
inline constexpr std::uint32_t kReservedBlocks = 2;
static_assert(JobArena::kAssuredBody == kReservedBlocks * kBlockPayload);
/// Room for each such job that new jobs do not get, for its answer.
inline constexpr std::uint32_t kAnswerBlocks = 1;

/// Bytes in a chain of blocks; `head` is kNone exactly when `length` is 0.
struct Chain {
    std::uint32_t head;
    std::uint32_t length;
};

inline constexpr Chain kEmptyChain{kNone, 0};

struct ArenaBlock {
    std::uint32_t next;
    std::uint32_t slot;  ///< whose chain this block is in; kNone while free
    char bytes[kBlockPayload];
};

/// Everything of a job that changes. What a status poll reads and checks comes first, so
/// that it touches one cache line.
struct JobState {
    Chain body;
    Chain request;
    std::uint64_t expiresAt;  ///< 0 until the job is settled
    std::uint64_t acceptedAt;
    std::uint32_t stepsAt;  ///< as JobSnapshot::stepsAt
    bool isHidden;          ///< from everybody but its worker
    bool hasTurn;           ///< in its thread, though it may not have begun yet
    ThreadEnd threadEnd;    ///< what its worker has decided for its thread
    run::Record record;
    std::uint64_t leftAs;  ///< its number among jobs that let go of their threads; 0: it did not,
                           ///< or before it came from a journal
    std::uint64_t workerNonce;
    std::uint32_t worker;  ///< a place; kNone once the phase is Done
    std::uint32_t fence;
    std::uint32_t revision;  ///< counts commits under one fence
    char toLineEnd[28];
};

struct Links {
    std::uint32_t prev;
    std::uint32_t next;
};

struct ArenaSlot {
    std::uint32_t inUse;  ///< kSlotInUse, stored last, or anything else
    std::uint32_t generation;
    std::uint32_t idNext;
    std::uint8_t current;  ///< which of `states` counts
    JobId id;
    std::uint8_t isWatched;  ///< 1: the next change is to be signalled
    std::uint32_t changes;   ///< in what the job's owner sees; goes on with the next job
    JobOwner owner;
    JobState states[2];
    IdempotencyKey key;
    std::uint32_t keyNext;  ///< only with a key, and until the job is erased
    std::uint32_t freeNext;
    Links ownerLinks;
    Links stageLinks;         ///< among its owner's live jobs, or among all finished ones
    std::uint32_t firstNext;  ///< only of the first live job of its owner: the next owner's
    std::uint32_t openJobs;   ///< only of that one: its owner's
};

struct WorkerEntry {
    std::uint64_t nonce;
    std::uint64_t deadline;
    std::uint64_t claimedKey;  ///< the beginning of its digest; 0: none
    std::int32_t pid;
    std::uint32_t isTaken;
};

struct ArenaHeader {
    std::uint64_t magic;
    std::uint32_t layout;
    std::uint32_t slotCount;
    std::uint64_t bytes;
    ArenaLimits limits;
    JobIdSecret idSecret;
    std::uint64_t instance;

    std::uint32_t mutating;  ///< a Mutating value
    /// Equal unless a signal is still to be given, perhaps by another than who
    /// died before it did. Given is stored without the lock.
    std::uint32_t signalsDue;
    std::uint32_t signalsGiven;
    std::uint32_t loading;  ///< a JobArena::Loading; without the lock

    // Rebuilt from the slots by a repair. "Touched" ones were in use at some
    // time; those above never were, so fresh memory stays untouched.
    std::uint32_t slotsTouched;
    std::uint32_t slotsFree;
    std::uint32_t freeSlot;
    std::uint32_t blocksTouched;
    std::uint32_t blocksFree;
    std::uint32_t freeBlock;
    std::uint32_t finishedHead;
    std::uint32_t finishedTail;
    std::uint32_t open;      ///< jobs that are not final
    std::uint32_t owed;      ///< what they would give back too little
    std::uint32_t live;      ///< jobs whose phase is not Done
    std::uint32_t finished;  ///< the others
    std::uint32_t finishedBlocks;
    std::uint32_t continuing;  ///< live jobs that go on in a thread of another one

    std::uint64_t orphanEpoch;  ///< grows whenever jobs may have lost their owner
    std::uint64_t registrations;
    std::uint64_t leavings;  ///< jobs that have let go of their threads
    std::uint64_t accepted;
    std::uint64_t refused;
    std::uint64_t expired;
    std::uint64_t evicted;
    std::uint64_t repairs;
    std::uint64_t journalFailures;  ///< without the lock
    WorkerEntry workers[kWorkerPlaces];
};

static_assert(kMayBeShared<ArenaHeader> && kMayBeShared<ArenaSlot> && kMayBeShared<ArenaBlock>);
static_assert(sizeof(ArenaBlock) == 1024);
static_assert(sizeof(ArenaSlot) <= 1024, "a job in flight has a memory budget");
static_assert(offsetof(ArenaSlot, states) == 64 && sizeof(JobState) % 64 == 0);
static_assert(offsetof(JobState, record.version) + sizeof(run::Record::version) <= 64);
static_assert(offsetof(JobState, record.hadNoRun) + sizeof(bool) <= 64);
static_assert(sizeof(ArenaSlot) % 64 == 0, "slots start at cache lines");
static_assert(sizeof(JobOwner) == 24, "owners are compared as bytes");

/// The view of `bytes` of memory; nullopt if they cannot hold an arena whose
/// jobs have bodies of `limits.maxBody`.
std::optional<ArenaView> viewMemory(void* memory, std::size_t bytes, const ArenaLimits& limits);

inline void reportDamage(const ArenaView& view) {
    storeInOrder<std::uint32_t>(view.header->mutating, kDamaged);
}

inline const JobState& currentState(const ArenaSlot& slot) {
    return slot.states[slot.current & 1];
}

inline JobState& spareState(ArenaSlot& slot) {
    return slot.states[(slot.current & 1) ^ 1];
}

inline void flipState(ArenaSlot& slot) {
    storeInOrder<std::uint8_t>(slot.current, (slot.current & 1) ^ 1);
}

}  // namespace edgerun::store
