#include <gtest/gtest.h>

#include "store_crash_worker.h"
#include "store_index_check.h"

/// A worker dies at each of the points that the arena's code names, one after
/// another; the next one must find every job that was acknowledged, whole.
namespace edgerun::store {

namespace {

using run::JobStatus;
using run::Phase;
using Commit = JobArena::Commit;

constexpr std::size_t kArenaBytes = JobArena::kMinimumBytes;

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
    void expectRequestWhole(const JobSnapshot& job, std::uint64_t number);
    void expectKeysFound(JobArena& arena, std::uint64_t number, bool isSeen);
    void expectEveryLiveJobAdoptable(JobArena& arena);
    void expectNothingLeaked(JobArena& arena);

    SharedMemory memory;
    SharedMemory notes;
    ForcedLock lock;
};

using Life = void (Worker::*)();

void CrashTest::expectSound(JobArena& arena) {
    const IndexCheck check(memory.data(), kArenaBytes, arena);
    expectEveryJobWhole(arena);
    check.expectSound();
    check.expectReserve();
    expectEveryLiveJobAdoptable(arena);
    check.expectSound();
    check.expectReserve();
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
        expectRequestWhole(arena.snapshot(idNumber(number)).value(), number);
    }
}

/// It is that of the record, and stays as long as the record says.
void CrashTest::expectRequestWhole(const JobSnapshot& job, std::uint64_t number) {
    const std::uint8_t work = acknowledged().work[number];
    EXPECT_TRUE(job.record.toolRounds == work || job.record.toolRounds == work + 1)
        << "job " << number;
    const bool isKept = !run::isFinal(job.record.status) || job.record.keepsRequest;
    EXPECT_TRUE(job.request == (isKept ? bodyOf(number, job.record.toolRounds) : ""))
        << "job " << number;
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
            EXPECT_TRUE(arena.loadRequest(ref) == bodyOf(number, record.toolRounds))
                << "job " << number;
        }
        run::Record done = record;
        done.status = run::isFinal(record.status) ? record.status : JobStatus::Cancelled;
        done.phase = Phase::Done;
        EXPECT_EQ(arena.commit(ref, {done}, 500), Commit::Done);
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

INSTANTIATE_TEST_SUITE_P(Lives, LifeTest,
                         testing::Values(&Worker::live, &Worker::liveWithOrders,
                                         &Worker::liveInThread));

#endif

}  // namespace

}  // namespace edgerun::store
