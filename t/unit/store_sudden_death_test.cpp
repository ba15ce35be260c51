#include <endian.h>
#include <gtest/gtest.h>
#include <sys/time.h>

#include <atomic>
#include <random>

#include "edgerun/store/job_arena.h"
#include "store_index_check.h"
#include "store_shared_memory.h"

/// Several workers at once, each of which dies at any instruction, as the master process
/// lives through it.
namespace edgerun::store {

namespace {

using run::JobStatus;
using run::Phase;
using Commit = JobArena::Commit;

constexpr std::size_t kArenaBytes = 512 * 1024;
constexpr std::uint64_t kJobs = 1 << 21;
constexpr int kWorkers = 3;
constexpr int kDeaths = 400;

struct Shared {
    std::atomic<pid_t> holder;
    std::atomic<std::uint64_t> nextJob;
    std::atomic<std::uint64_t> wrong;
    std::atomic<std::uint64_t> now;
    std::atomic<std::uint64_t> acknowledged[kJobs];  ///< versions
    std::atomic<bool> isDone[kJobs];                 ///< somebody began to finish or to erase it
    std::atomic<bool> isSecret[kJobs];               ///< nobody began to show it
};

/// Sorts as the number does.
JobId idInTurn(std::uint64_t number) {
    JobId id = idNumber(number);
    const std::uint32_t time = htobe32(static_cast<std::uint32_t>(number));
    std::memcpy(id.data() + 2, &time, sizeof(time));
    return id;
}

IdempotencyKey keyOf(std::uint64_t number) {
    IdempotencyKey key;
    std::memcpy(key.digest.data(), &number, sizeof(number));
    return key;
}

/// Whatever is left to do was done.
run::Record endOf(run::Record record) {
    record.phase = Phase::Done;
    record.status = run::isFinal(record.status) ? record.status : JobStatus::Completed;
    return record;
}

class Worker {
public:
    Worker(JobArena arena, Shared& shared) : arena_(arena), shared_(shared) {
        const auto place = arena_.registerWorker(getpid(), shared_.now + 50);
        place ? place_ = *place : place_;
        random_.seed(static_cast<unsigned>(getpid()));
    }

    /// Dies of an alarm, at any instruction.
    [[noreturn]] void live() {
        const itimerval alarm{{}, {0, 200 + static_cast<suseconds_t>(random_() % 2000)}};
        setitimer(ITIMER_REAL, &alarm, nullptr);
        while (true) {
            switch (random_() % 12) {
                case 0:
                case 1:
                    accept();
                    break;
                case 8:
                    acceptHidden();
                    break;
                case 9:
                    restore();
                    break;
                case 10:
                    seizeAny();
                    break;
                case 11:
                    eraseAny();
                    break;
                case 2:
                    adopt();
                    break;
                case 3:
                    arena_.expire(shared_.now, 2);
                    break;
                case 4:
                    readAny();
                    break;
                default:
                    advanceOne();
            }
        }
    }

private:
    /// 0 when there are no more.
    std::uint64_t nextNumber() {
        const std::uint64_t number = ++shared_.nextJob;
        return number < kJobs ? number : 0;
    }

    std::uint64_t anyNumber() {
        return 1 + random_() % std::min<std::uint64_t>(kJobs - 1, shared_.nextJob.load() + 1);
    }

    std::optional<JobRef> store(std::uint64_t number, bool isHidden) {
        const JobId id = idInTurn(number);
        const std::string request = bodyOf(number, 0);
        const std::string body = bodyOf(number, 1);
        const NewJob job{id, owner_, pending_, request, body, keyOf(number), 1000, isHidden};
        const Accepted accepted = arena_.accept(place_, job, shared_.now);
        return accepted.status == AcceptStatus::Accepted ? std::optional(accepted.ref)
                                                         : std::nullopt;
    }

    void accept() {
        const std::uint64_t number = nextNumber();
        const std::optional<JobRef> ref = number == 0 ? std::nullopt : store(number, false);
        if (ref) {
            shared_.acknowledged[number] = 1;
            refs_.push_back(*ref);
        }
    }

    void acceptHidden() {
        const std::uint64_t number = nextNumber();
        shared_.isSecret[number] = true;
        const std::optional<JobRef> ref = number == 0 ? std::nullopt : store(number, true);
        if (!ref) {
            return;
        }
        if (random_() % 2 == 0) {
            arena_.withdraw(*ref);
            return;
        }
        shared_.isSecret[number] = false;
        if (arena_.publish(*ref)) {
            shared_.acknowledged[number] = 1;
        }
        refs_.push_back(*ref);
    }

    void restore() {
        const std::uint64_t number = nextNumber();
        if (number == 0) {
            return;
        }
        JobSnapshot job{idInTurn(number),  owner_,           keyOf(number), 1, 1, {},
                        bodyOf(number, 0), bodyOf(number, 1)};
        if (random_() % 2 == 0) {
            job.record = finishedRecord();
            shared_.isDone[number] = true;
        }
        if (arena_.restore(job, shared_.now, shared_.now + 300) == Restored::Restored) {
            shared_.acknowledged[number] = 1;
        }
    }

    void seizeAny() {
        const Seized seized = arena_.seize(place_, idInTurn(anyNumber()), owner_);
        if (seized.outcome == Seizure::Taken) {
            refs_.push_back(seized.ref);
        }
    }

    void eraseAny() {
        const std::uint64_t number = anyNumber();
        const Seized seized = arena_.seize(place_, idInTurn(number), owner_);
        if (seized.outcome == Seizure::Done) {
            arena_.erase(idInTurn(number), owner_);
        } else if (seized.outcome == Seizure::Taken) {
            shared_.isDone[number] = true;
            run::Record record = recordOf(JobStatus::Cancelled, Phase::CancelRun);
            record.erased = true;
            arena_.commit(seized.ref, {record}, shared_.now);
            refs_.push_back(seized.ref);
        }
    }

    void adopt() {
        arena_.renewWorker(place_, shared_.now + 50);
        arena_.adopt(place_, shared_.now, cursor_, 5, refs_);
    }

    void advanceOne() {
        if (refs_.empty()) {
            return;
        }
        std::swap(refs_[random_() % refs_.size()], refs_.back());
        const JobRef ref = refs_.back();
        const auto whole = arena_.loadWhole(ref);
        if (!whole) {
            refs_.pop_back();
            return;
        }
        if (whole->record.erased) {
            arena_.commit(ref, {endOf(whole->record)}, shared_.now);
            return;
        }
        std::uint64_t number;
        std::memcpy(&number, &whole->id[7], sizeof(number));
        shared_.wrong += whole->request == bodyOf(number, 0) ? 0 : 1;
        commitNext(ref, number, random_() % 4 == 0);
    }

    void commitNext(const JobRef& ref, std::uint64_t number, bool isLast) {
        char buffer[4096];
        const JobView job =
            arena_.read(idInTurn(number), ownerNumber(1), shared_.now, buffer, sizeof(buffer));
        run::Record record = isLast ? finishedRecord() : recordOf(JobStatus::Running);
        if (isLast) {
            shared_.isDone[number] = true;
        }
        shared_.isSecret[number] = false;
        const std::uint64_t version = job.version + 1;
        record.version = version;
        if (arena_.commit(ref, {record, bodyOf(number, version)}, shared_.now) == Commit::Done) {
            shared_.acknowledged[number] = version;
        }
    }

    void readAny() {
        const std::uint64_t number = anyNumber();
        const std::uint64_t least = shared_.acknowledged[number];
        char buffer[4096];
        const JobView job =
            arena_.read(idInTurn(number), ownerNumber(1), shared_.now, buffer, sizeof(buffer));
        const bool isRight =
            job.found == JobView::Found::No
                ? least == 0 || shared_.isDone[number]
                : job.version >= least && !shared_.isSecret[number] &&
                      std::string_view(buffer, job.size) == bodyOf(number, job.version);
        shared_.wrong += isRight ? 0 : 1;
    }

    JobArena arena_;
    Shared& shared_;
    WorkerPlace place_;
    std::mt19937 random_;
    std::uint32_t cursor_ = 0;
    std::vector<JobRef> refs_;
    const JobOwner owner_ = ownerNumber(1);
    const run::Record pending_;
};

class SuddenDeathTest : public testing::Test {
protected:
    SuddenDeathTest()
        : memory(kArenaBytes),
          sharedMemory(sizeof(Shared)),
          shared(*new (sharedMemory.data()) Shared{}),
          lock(shared.holder) {
        EXPECT_TRUE(JobArena::format(memory.data(), kArenaBytes, {300, 4096}, testSecret()));
    }

    JobArena attach() { return *JobArena::attach(memory.data(), kArenaBytes, lock); }

    void startWorker() {
        start([this] { Worker(attach(), shared).live(); });
    }

    /// As the master process does: frees the lock that the worker died with.
    void buryOne() {
        pid_t dead = wait(nullptr);
        shared.holder.compare_exchange_strong(dead, 0);
    }

    SharedMemory memory;
    SharedMemory sharedMemory;
    Shared& shared;
    PidLock lock;
};

TEST_F(SuddenDeathTest, WorkersThatDieAtAnyInstructionLoseNothing) {
    for (int worker = 0; worker < kWorkers; ++worker) {
        startWorker();
    }
    for (int death = 0; death < kDeaths; ++death) {
        buryOne();
        shared.now += 20;
        startWorker();
    }
    for (int worker = 0; worker < kWorkers; ++worker) {
        buryOne();
    }

    EXPECT_EQ(shared.wrong, 0u);
    JobArena arena = attach();
    EXPECT_GT(arena.gauges().repairs, 0u);
    const std::uint64_t now = shared.now + 1000;
    const WorkerPlace place = *arena.registerWorker(getpid(), now + 1000);
    std::uint32_t cursor = 0;
    std::vector<JobRef> taken;
    arena.adopt(place, now, cursor, kJobs, taken);
    EXPECT_EQ(taken.size(), arena.gauges().live);
    IndexCheck(memory.data(), kArenaBytes, arena).expectSound();
    for (const JobRef& ref : taken) {
        const run::Record end = endOf(arena.load(ref).value().record);
        EXPECT_EQ(arena.commit(ref, {end}, now), Commit::Done);
    }
    arena.expire(now + 1000, kJobs);
    EXPECT_EQ(arena.gauges().slotsFree, arena.gauges().slots);
    EXPECT_EQ(arena.gauges().blocksFree, arena.gauges().blocks);
}

}  // namespace

}  // namespace edgerun::store
