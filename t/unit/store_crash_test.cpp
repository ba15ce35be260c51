#include <gtest/gtest.h>

#include <utility>

#include "edgerun/store/crash_point.h"
#include "edgerun/store/job_arena.h"
#include "store_index_check.h"
#include "store_shared_memory.h"

/// A worker dies at each of the points that the arena's code names, one after
/// another; the next one must find every job that was acknowledged, whole.
namespace edgerun::store {

namespace {

using run::JobStatus;
using run::Phase;
using Commit = JobArena::Commit;

constexpr std::size_t kArenaBytes = JobArena::kMinimumBytes;
constexpr std::uint64_t kJobs = 64;
constexpr std::uint64_t kLease = 100;

/// What the worker has been told, in memory that survives it.
struct Acknowledged {
    std::uint64_t version[kJobs];  ///< 0: not accepted, or removed
    JobStatus status[kJobs];
    bool mayBeGone[kJobs];  ///< a call that removes it had begun
    bool isSecret[kJobs];   ///< no call that shows it had begun, or one that erases it is over
};

IdempotencyKey keyOf(std::uint64_t number) {
    IdempotencyKey key;
    key.digest[0] = static_cast<std::uint8_t>(number);
    key.digest[15] = 1;
    return key;
}

class CrashTest : public testing::Test {
protected:
    CrashTest() : memory(kArenaBytes), notes(sizeof(Acknowledged)) {}

    Acknowledged& acknowledged() { return *static_cast<Acknowledged*>(notes.data()); }

    void reset() {
        acknowledged() = {};
        ASSERT_TRUE(JobArena::format(memory.data(), kArenaBytes, {1000, 4096}, testSecret()));
    }

    JobArena attach() { return *JobArena::attach(memory.data(), kArenaBytes, lock); }

    void expectSound(JobArena& arena);
    void expectEveryJobWhole(JobArena& arena);
    void expectKeysFound(JobArena& arena, std::uint64_t number, bool isSeen);
    void expectEveryLiveJobAdoptable(JobArena& arena);
    void expectNothingLeaked(JobArena& arena);

    SharedMemory memory;
    SharedMemory notes;
    ForcedLock lock;
};

/// One worker's life, touching every kind of change.
class Worker {
public:
    Worker(JobArena arena, Acknowledged& acknowledged)
        : arena_(arena), acknowledged_(acknowledged) {}

    void live() {
        place_ = *arena_.registerWorker(1, kLease);
        for (std::uint64_t number = 1; number <= 6; ++number) {
            accept(number);
        }
        commit(1, recordOf(JobStatus::Running), true);
        commit(2, recordOf(JobStatus::RequiresAction), false);
        commit(3, recordOf(JobStatus::Completed, Phase::DeleteThread), true);
        commit(3, recordOf(JobStatus::Completed, Phase::Done), false);
        commit(4, finishedRecord(), true);
        commit(1, finishedRecord(), true);
        expire();
        finishedMakeRoom();
        changeOwner();
        commit(2, finishedRecord(), true);
        arena_.releaseWorker(place_);
    }

    /// The same with what a journal and clients bring about.
    void liveWithOrders() {
        place_ = *arena_.registerWorker(1, kLease);
        accept(3);
        accept(4);
        for (const std::uint64_t number : {5, 6, 7}) {
            hide(number);
        }
        publish(5);
        withdraw(6);
        show(7);
        commit(7, recordOf(JobStatus::Running), true);
        seize(3);
        commit(3, recordOf(JobStatus::Cancelled, Phase::CancelRun), true);
        commit(3, recordOf(JobStatus::Cancelled, Phase::Done), false);
        eraseLive(4);
        erase(3);
        restore(8, recordOf(JobStatus::Running));
        restore(2, finishedRecord());
        restore(9, recordOf(JobStatus::Failed, Phase::CancelRun));
        finishedMakesRoom(2);
        commit(5, finishedRecord(), true);
        arena_.releaseWorker(place_);
    }

private:
    NewJob newJob(std::uint64_t number) {
        texts_ = {bodyOf(number, 0), bodyOf(number, 1)};
        id_ = idNumber(number);
        owner_ = ownerNumber(number % 3);
        return {id_, owner_, pending_, texts_.first, texts_.second, keyOf(number)};
    }

    void hide(std::uint64_t number) {
        acknowledged_.isSecret[number] = true;
        NewJob job = newJob(number);
        job.isHidden = true;
        const Accepted accepted = arena_.accept(place_, job, number);
        if (accepted.status != AcceptStatus::Accepted) {
            _exit(4);
        }
        refs_[number] = accepted.ref;
    }

    void publish(std::uint64_t number) {
        show(number);
        if (!arena_.publish(refs_[number])) {
            _exit(5);
        }
        acknowledged_.version[number] = 1;
    }

    void show(std::uint64_t number) { acknowledged_.isSecret[number] = false; }

    void withdraw(std::uint64_t number) {
        arena_.withdraw(refs_[number]);
        if (arena_.findKey(keyOf(number), 0)) {
            _exit(6);
        }
    }

    void seize(std::uint64_t number) {
        const Seized seized = arena_.seize(place_, idNumber(number), ownerNumber(number % 3));
        if (seized.outcome != Seizure::Taken) {
            _exit(7);
        }
        refs_[number] = seized.ref;
    }

    void eraseLive(std::uint64_t number) {
        seize(number);
        acknowledged_.mayBeGone[number] = true;
        run::Record record = recordOf(JobStatus::Cancelled, Phase::CancelRun);
        record.erased = true;
        commit(number, record, false);
        acknowledged_.isSecret[number] = true;
        record.phase = Phase::Done;
        commit(number, record, false);
    }

    void erase(std::uint64_t number) {
        acknowledged_.mayBeGone[number] = true;
        if (!arena_.erase(idNumber(number), ownerNumber(number % 3))) {
            _exit(8);
        }
        acknowledged_.isSecret[number] = true;
    }

    void restore(std::uint64_t number, run::Record record) {
        JobSnapshot job;
        job.id = idNumber(number);
        job.owner = ownerNumber(number % 3);
        job.key = keyOf(number);
        job.fence = 3;
        job.revision = 5;
        job.record = record;
        job.record.version = 2;
        job.request = bodyOf(number, 0);
        job.body = bodyOf(number, 2);
        acknowledged_.version[number] = 1;
        acknowledged_.mayBeGone[number] = true;
        if (arena_.restore(job, 0, 900) != Restored::Restored) {
            _exit(9);
        }
        acknowledged_.mayBeGone[number] = false;
        acknowledged_.version[number] = 2;
        acknowledged_.status[number] = record.status;
    }

    void finishedMakesRoom(std::uint64_t finished) {
        acknowledged_.mayBeGone[finished] = true;
        for (std::uint64_t number = 10; arena_.gauges().evicted == 0; ++number) {
            accept(number);
        }
        acknowledged_.version[finished] = 0;
    }

    void accept(std::uint64_t number) {
        const Accepted job = arena_.accept(place_, newJob(number), number);
        if (job.status == AcceptStatus::Accepted) {
            refs_[number] = job.ref;
            acknowledged_.version[number] = 1;
        }
    }

    void commit(std::uint64_t number, run::Record record, bool hasBody) {
        const std::uint64_t version = acknowledged_.version[number] + (hasBody ? 1 : 0);
        record.version = version;
        const std::string text = bodyOf(number, version);
        const auto body = hasBody ? std::optional<std::string_view>(text) : std::nullopt;
        if (arena_.commit(refs_[number], record, body, 10) != Commit::Done) {
            _exit(1);
        }
        acknowledged_.version[number] = version;
        acknowledged_.status[number] = record.status;
    }

    void expire() {
        acknowledged_.mayBeGone[3] = true;
        if (arena_.expire(1010, 1) != 1) {
            _exit(2);
        }
        acknowledged_.version[3] = 0;
    }

    void finishedMakeRoom() {
        acknowledged_.mayBeGone[4] = acknowledged_.mayBeGone[1] = true;
        for (std::uint64_t number = 10; number < kJobs; number += 3) {
            accept(number);
        }
        if (arena_.gauges().evicted != 2) {
            _exit(3);
        }
        acknowledged_.version[4] = acknowledged_.version[1] = 0;
    }

    void changeOwner() {
        arena_.release(refs_[5]);
        arena_.releaseWorker(place_);
        place_ = *arena_.registerWorker(1, kLease);
        std::uint32_t cursor = 0;
        std::vector<JobRef> taken;
        arena_.adopt(place_, 0, cursor, 100, taken);
        for (const JobRef& ref : taken) {
            refs_[arena_.idOf(ref).value()[7]] = ref;
        }
    }

    JobArena arena_;
    Acknowledged& acknowledged_;
    WorkerPlace place_;
    JobRef refs_[kJobs];

    // What newJob() refers to.
    JobId id_;
    JobOwner owner_;
    run::Record pending_;
    std::pair<std::string, std::string> texts_;
};

using Life = void (Worker::*)();

void CrashTest::expectSound(JobArena& arena) {
    expectEveryJobWhole(arena);
    IndexCheck(memory.data(), kArenaBytes, arena).expectSound();
    expectEveryLiveJobAdoptable(arena);
    IndexCheck(memory.data(), kArenaBytes, arena).expectSound();
    expectNothingLeaked(arena);
}

void CrashTest::expectEveryJobWhole(JobArena& arena) {
    for (std::uint64_t number = 0; number < kJobs; ++number) {
        char buffer[4096];
        const JobView job =
            arena.read(idNumber(number), ownerNumber(number % 3), 500, buffer, sizeof(buffer));
        const std::uint64_t version = acknowledged().version[number];
        expectKeysFound(arena, number, job.found == JobView::Found::Yes);
        if (job.found == JobView::Found::No) {
            EXPECT_TRUE(version == 0 || acknowledged().mayBeGone[number]) << "job " << number;
            continue;
        }
        EXPECT_FALSE(acknowledged().isSecret[number]) << "job " << number;
        EXPECT_TRUE(job.version == version || job.version == version + 1) << "job " << number;
        EXPECT_TRUE(std::string_view(buffer, job.size) == bodyOf(number, job.version))
            << "job " << number;
        EXPECT_GE(job.status, acknowledged().status[number]) << "job " << number;
    }
}

/// A job's key is known as long as the job is seen, or is not seen yet.
void CrashTest::expectKeysFound(JobArena& arena, std::uint64_t number, bool isSeen) {
    const std::optional<KnownJob> known = arena.findKey(keyOf(number), 500);
    EXPECT_EQ(known && !known->isHidden, isSeen) << "job " << number;
    EXPECT_TRUE(!known || known->id == idNumber(number)) << "job " << number;
}

void CrashTest::expectEveryLiveJobAdoptable(JobArena& arena) {
    const WorkerPlace place = *arena.registerWorker(1, 10 * kLease);
    std::uint32_t cursor = 7;
    std::vector<JobRef> taken;
    arena.adopt(place, 2 * kLease, cursor, 1000, taken);
    EXPECT_EQ(taken.size(), arena.gauges().live);
    for (const JobRef& ref : taken) {
        const std::uint64_t number = arena.idOf(ref).value()[7];
        const run::Record record = arena.load(ref).value().record;
        if (!run::isFinal(record.status)) {
            EXPECT_TRUE(arena.loadRequest(ref) == bodyOf(number, 0)) << "job " << number;
        }
        run::Record done = record;
        done.status = run::isFinal(record.status) ? record.status : JobStatus::Cancelled;
        done.phase = Phase::Done;
        EXPECT_EQ(arena.commit(ref, done, std::nullopt, 500), Commit::Done);
    }
}

void CrashTest::expectNothingLeaked(JobArena& arena) {
    arena.expire(10'000, 1000);
    const ArenaGauges gauges = arena.gauges();
    EXPECT_EQ(gauges.live + gauges.finished, 0u);
    EXPECT_EQ(gauges.slotsFree, gauges.slots);
    EXPECT_EQ(gauges.blocksFree, gauges.blocks);
}

#ifdef EDGERUN_CRASH_POINTS

class LifeTest : public CrashTest, public testing::WithParamInterface<Life> {
protected:
    void live() { (Worker(attach(), acknowledged()).*GetParam())(); }
};

TEST_P(LifeTest, ADeathAnywhereLosesNothingThatWasAcknowledged) {
    std::uint64_t repaired = 0;
    std::uint64_t passage = 1;
    bool survived = false;
    for (; !survived && !HasFailure(); ++passage) {
        SCOPED_TRACE("death at passage " + std::to_string(passage));
        reset();
        survived = survives(passage, [&] { live(); });
        JobArena arena = attach();
        arena.gauges();
        repaired += arena.gauges().repairs;
        expectSound(arena);
    }
    EXPECT_GT(passage, 300u);
    EXPECT_GT(repaired, passage * 3 / 4);
}

TEST_P(LifeTest, ADeathDuringTheRepairIsCuredByTheNext) {
    for (std::uint64_t passage = 50; passage < 370 && !HasFailure(); passage += 29) {
        bool survived = false;
        for (std::uint64_t second = 1; !survived && !HasFailure(); second += 4) {
            SCOPED_TRACE("deaths at " + std::to_string(passage) + " and " + std::to_string(second));
            reset();
            ASSERT_FALSE(survives(passage, [&] { live(); }));
            survived = survives(second, [&] { attach().gauges(); });
            JobArena arena = attach();
            arena.gauges();
            expectSound(arena);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Lives, LifeTest, testing::Values(&Worker::live, &Worker::liveWithOrders));

#endif

}  // namespace

}  // namespace edgerun::store
