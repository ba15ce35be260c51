#include <gtest/gtest.h>

#include "edgerun/store/job_arena.h"
#include "store_jobs_fixture.h"

/// What a job's owner orders, and how one state of it is told from another.
namespace edgerun::store {

namespace {

using run::JobStatus;
using run::Phase;
using Commit = JobArena::Commit;

class JobControlTest : public JobsTest {
protected:
    Seized seize(std::uint64_t time, std::uint64_t owner = 1) {
        return arena->seize(place, idAt(time), ownerNumber(owner));
    }
};

// --- taken over ---

TEST_F(JobControlTest, ASeizedJobIsAnotherWorkersAndLateWritesAreDropped) {
    const JobRef ref = take(Asked(1));
    const WorkerPlace other = otherPlace();
    const Seized seized = arena->seize(other, idAt(1), ownerNumber(1));
    ASSERT_EQ(seized.outcome, Seizure::Taken);
    EXPECT_EQ(seized.ref.slot, ref.slot);
    EXPECT_EQ(seized.ref.generation, ref.generation);
    EXPECT_EQ(seized.ref.fence, ref.fence + 1);

    EXPECT_FALSE(arena->load(ref));
    EXPECT_FALSE(arena->loadWhole(ref));
    EXPECT_FALSE(arena->idOf(ref));
    EXPECT_FALSE(arena->loadRequest(ref));
    EXPECT_EQ(arena->commit(ref, {finishedRecord(), "late"}, 0), Commit::Lost);
    arena->release(ref);
    EXPECT_TRUE(arena->load(seized.ref));
    EXPECT_EQ(arena->loadRequest(seized.ref), "request");
    commit(seized.ref, cancelledRecord(), "cancelled");
    EXPECT_TRUE(isSeen(1));
    EXPECT_EQ(body, "cancelled");
}

TEST_F(JobControlTest, AWorkerSeizesItsOwnJob) {
    const JobRef ref = take(Asked(1));
    const Seized seized = seize(1);
    ASSERT_EQ(seized.outcome, Seizure::Taken);
    EXPECT_EQ(seized.ref.fence, ref.fence + 1);
    EXPECT_FALSE(arena->load(ref));
    EXPECT_TRUE(arena->load(seized.ref));
}

TEST_F(JobControlTest, ASeizedJobStaysWithItsNewWorker) {
    take(Asked(1));
    const WorkerPlace other = otherPlace();
    const Seized seized = arena->seize(other, idAt(1), ownerNumber(1));
    arena->releaseWorker(place);
    const WorkerPlace third = otherPlace();
    EXPECT_TRUE(adoptAll(third).empty());
    EXPECT_TRUE(arena->load(seized.ref));
    arena->releaseWorker(other);
    EXPECT_EQ(adoptAll(third).size(), 1u);
}

TEST_F(JobControlTest, AnOrphanIsSeizedToo) {
    take(Asked(1));
    const WorkerPlace other = otherPlace();
    arena->releaseWorker(place);
    EXPECT_EQ(arena->seize(other, idAt(1), ownerNumber(1)).outcome, Seizure::Taken);
    EXPECT_TRUE(adoptAll(other).empty());
}

TEST_F(JobControlTest, AFinalJobWithCleanUpLeftIsSeized) {
    commit(take(Asked(1)), cancelledRecord(), "cancelled");
    EXPECT_EQ(seize(1).outcome, Seizure::Taken);
    EXPECT_TRUE(isSeen(1));
    EXPECT_EQ(body, "cancelled");
}

TEST_F(JobControlTest, NothingIsSeizedOfAJobThatIsDone) {
    finish(take(Asked(1)));
    EXPECT_EQ(seize(1).outcome, Seizure::Done);
    EXPECT_TRUE(isSeen(1));
}

TEST_F(JobControlTest, ForeignHiddenErasedAndUnknownJobsAreNotSeized) {
    const JobRef seen = take(Asked(1));
    const JobRef concealed = take(hidden(2));
    const JobRef erased = take(Asked(3));
    commit(erased, erasedRecord());
    finish(take(Asked(4)));

    EXPECT_EQ(seize(1, 2).outcome, Seizure::Unknown);
    EXPECT_EQ(seize(2).outcome, Seizure::Unknown);
    EXPECT_EQ(seize(3).outcome, Seizure::Unknown);
    EXPECT_EQ(seize(4, 2).outcome, Seizure::Unknown);
    EXPECT_EQ(seize(5).outcome, Seizure::Unknown);
    for (const JobRef& ref : {seen, concealed, erased}) {
        EXPECT_TRUE(arena->load(ref));
    }
}

TEST_F(JobControlTest, AWorkerWithoutAPlaceSeizesNothing) {
    const JobRef ref = take(Asked(1));
    const WorkerPlace gone = otherPlace();
    arena->releaseWorker(gone);
    EXPECT_EQ(arena->seize(gone, idAt(1), ownerNumber(1)).outcome, Seizure::NoOwner);
    EXPECT_TRUE(arena->load(ref));
}

// --- erased ---

TEST_F(JobControlTest, AJobThatIsDoneIsErased) {
    const ArenaGauges before = arena->gauges();
    Asked job(1);
    job.key = keyNumber(1);
    finish(take(job));
    EXPECT_TRUE(arena->erase(idAt(1), ownerNumber(1)));
    EXPECT_FALSE(isSeen(1));
    EXPECT_FALSE(arena->snapshot(idAt(1)));
    EXPECT_FALSE(arena->findKey(keyNumber(1), 0));
    EXPECT_EQ(arena->gauges().slotsFree, before.slotsFree);
    EXPECT_EQ(arena->gauges().blocksFree, before.blocksFree);
    EXPECT_EQ(arena->gauges().finished, 0u);
    EXPECT_FALSE(arena->erase(idAt(1), ownerNumber(1)));
}

TEST_F(JobControlTest, OnlyItsOwnerErasesAJobAndOnlyOneThatIsDone) {
    finish(take(Asked(1)));
    const JobRef live = take(Asked(2));
    const JobRef cleaning = take(Asked(3));
    commit(cleaning, cancelledRecord(), "cancelled");
    const JobRef concealed = take(hidden(4));

    EXPECT_FALSE(arena->erase(idAt(1), ownerNumber(2)));
    EXPECT_FALSE(arena->erase(idAt(2), ownerNumber(1)));
    EXPECT_FALSE(arena->erase(idAt(3), ownerNumber(1)));
    EXPECT_FALSE(arena->erase(idAt(4), ownerNumber(1)));
    EXPECT_FALSE(arena->erase(idAt(5), ownerNumber(1)));
    EXPECT_TRUE(isSeen(1));
    for (const JobRef& ref : {live, cleaning, concealed}) {
        EXPECT_TRUE(arena->load(ref));
    }
}

TEST_F(JobControlTest, ErasingTheOldestTheMiddleAndTheNewestKeepsTheOthersInOrder) {
    for (std::uint64_t time = 1; time <= 5; ++time) {
        finish(take(Asked(time), time * 10), time * 10);
    }
    for (const std::uint64_t time : {3u, 1u, 5u}) {
        EXPECT_TRUE(arena->erase(idAt(time), ownerNumber(1)));
    }
    EXPECT_EQ(arena->expire(1020, 10), 1u);
    EXPECT_FALSE(isSeen(2, 1000));
    EXPECT_TRUE(isSeen(4, 1000));
    EXPECT_EQ(arena->expire(1040, 10), 1u);
    EXPECT_EQ(arena->gauges().finished, 0u);
}

TEST_F(JobControlTest, AnErasedJobIsCleanedUpUnseenAndThenGone) {
    const ArenaGauges before = arena->gauges();
    const std::string large(5000, 'x');
    Asked job(1);
    job.key = keyNumber(1);
    job.body = large;
    const JobRef ref = take(job);
    commit(ref, erasedRecord());

    EXPECT_FALSE(isSeen(1));
    EXPECT_FALSE(arena->findKey(keyNumber(1), 0));
    EXPECT_FALSE(arena->erase(idAt(1), ownerNumber(1)));
    EXPECT_EQ(arena->gauges().blocksFree, before.blocksFree) << "its body and request";
    EXPECT_EQ(arena->gauges().slotsFree, before.slotsFree - 1);
    EXPECT_EQ(arena->gauges().live, 1u);
    EXPECT_TRUE(arena->load(ref));

    commit(ref, erasedRecord(Phase::DeleteThread));
    EXPECT_EQ(arena->gauges().slotsFree, before.slotsFree - 1);
    commit(ref, erasedRecord(Phase::Done));
    EXPECT_EQ(arena->gauges().slotsFree, before.slotsFree);
    EXPECT_EQ(arena->gauges().live, 0u);
    EXPECT_EQ(arena->gauges().finished, 0u);
    EXPECT_FALSE(arena->load(ref));
    EXPECT_FALSE(arena->snapshot(idAt(1)));
    EXPECT_EQ(arena->commit(ref, {erasedRecord(Phase::Done)}, 0), Commit::Lost);
}

TEST_F(JobControlTest, NoLaterCommitBringsAnErasedJobBack) {
    const JobRef ref = take(Asked(1));
    commit(ref, erasedRecord());
    commit(ref, cancelledRecord(Phase::DeleteThread));
    EXPECT_FALSE(isSeen(1));
    EXPECT_TRUE(arena->load(ref)->record.erased);
    commit(ref, cancelledRecord(Phase::Done));
    EXPECT_EQ(arena->gauges().slotsFree, arena->gauges().slots);
}

TEST_F(JobControlTest, AJobErasedWithNothingLeftToDoIsGoneAtOnce) {
    const ArenaGauges before = arena->gauges();
    const JobRef ref = take(Asked(1));
    commit(ref, erasedRecord(Phase::Done));
    EXPECT_FALSE(arena->load(ref));
    EXPECT_EQ(arena->gauges().slotsFree, before.slotsFree);
    EXPECT_EQ(arena->gauges().blocksFree, before.blocksFree);
    EXPECT_EQ(arena->gauges().finished, 0u);
}

TEST_F(JobControlTest, AFinalJobIsErasedWhileItIsCleanedUp) {
    const JobRef ref = take(Asked(1));
    commit(ref, cancelledRecord(), "cancelled");
    commit(ref, erasedRecord());
    EXPECT_FALSE(isSeen(1));
    EXPECT_TRUE(arena->load(ref));
}

TEST_F(JobControlTest, AnotherWorkerFinishesTheCleanUpOfAnErasedJob) {
    const JobRef ref = take(Asked(1));
    commit(ref, erasedRecord());
    const WorkerPlace other = otherPlace();
    arena->releaseWorker(place);
    const std::vector<JobRef> taken = adoptAll(other);
    ASSERT_EQ(taken.size(), 1u);
    ASSERT_TRUE(arena->load(taken[0]));
    EXPECT_TRUE(arena->load(taken[0])->record.erased);
    EXPECT_FALSE(isSeen(1));
    commit(taken[0], erasedRecord(Phase::Done));
    EXPECT_EQ(arena->gauges().live, 0u);
    EXPECT_EQ(arena->gauges().slotsFree, arena->gauges().slots);
}

TEST_F(JobControlTest, ErasedJobsNeverComeIntoTheWayOfExpiryAndNewJobs) {
    for (std::uint64_t time = 1; time <= 2000; ++time) {
        const JobRef ref = take(Asked(time));
        commit(ref, erasedRecord());
        commit(ref, erasedRecord(Phase::Done));
    }
    EXPECT_EQ(arena->expire(1'000'000, 10), 0u);
    EXPECT_EQ(arena->gauges().evicted, 0u);
    EXPECT_EQ(arena->gauges().repairs, 0u);
    EXPECT_EQ(arena->gauges().blocksFree, arena->gauges().blocks);
}

TEST_F(JobControlTest, AnErasedJobsThreadIsNoMoreToBeContinued) {
    Asked job(1);
    job.record.threadId.assign("thread_1");
    const JobRef ref = take(job);
    run::Record record = erasedRecord(Phase::Done);
    record.threadId.assign("thread_1");
    record.phase = Phase::CancelRun;
    EXPECT_TRUE(arena->providerOfThread(ownerNumber(1), "thread_1").has_value());
    commit(ref, record);
    EXPECT_FALSE(arena->providerOfThread(ownerNumber(1), "thread_1").has_value());
    record.phase = Phase::Done;
    commit(ref, record);
    EXPECT_FALSE(arena->providerOfThread(ownerNumber(1), "thread_1").has_value());
}

// --- revisions ---

TEST_F(JobControlTest, EachCommitMakesTheRevisionOneMore) {
    const JobRef ref = take(Asked(1));
    const std::uint32_t first = arena->load(ref)->revision;
    commit(ref, recordOf(JobStatus::Running), "running");
    EXPECT_EQ(arena->load(ref)->revision, first + 1);
    commit(ref, recordOf(JobStatus::Running));
    EXPECT_EQ(arena->load(ref)->revision, first + 2);
    EXPECT_EQ(arena->loadWhole(ref)->revision, first + 2);
    EXPECT_EQ(arena->snapshot(idAt(1))->revision, first + 2);
}

TEST_F(JobControlTest, PublishingIsNoRevision) {
    const JobRef ref = take(hidden(1));
    const std::uint32_t first = arena->load(ref)->revision;
    EXPECT_TRUE(arena->publish(ref));
    EXPECT_EQ(arena->load(ref)->revision, first);
}

TEST_F(JobControlTest, ACommitThatWasRefusedIsNoRevision) {
    const JobRef ref = take(Asked(1));
    commit(ref, recordOf(JobStatus::Running), "running");
    const std::uint32_t before = arena->load(ref)->revision;
    const std::string tooLarge(16 * 1024 + 1, 'x');
    EXPECT_EQ(arena->commit(ref, {recordOf(JobStatus::Running), tooLarge}, 0), Commit::Full);
    EXPECT_EQ(arena->commit(ref, {recordOf(JobStatus::Pending), "back"}, 0), Commit::Lost);
    EXPECT_EQ(arena->load(ref)->revision, before);
}

TEST_F(JobControlTest, RevisionsBeginAtNoughtWithEachChangeOfTheWorker) {
    const JobRef ref = take(Asked(1));
    commit(ref, recordOf(JobStatus::Running), "running");
    const Seized seized = seize(1);
    ASSERT_EQ(seized.outcome, Seizure::Taken);
    EXPECT_EQ(arena->load(seized.ref)->revision, 0u);
    commit(seized.ref, recordOf(JobStatus::Running));
    EXPECT_EQ(arena->load(seized.ref)->revision, 1u);

    const WorkerPlace other = otherPlace();
    arena->releaseWorker(place);
    const std::vector<JobRef> taken = adoptAll(other);
    ASSERT_EQ(taken.size(), 1u);
    EXPECT_EQ(arena->load(taken[0])->revision, 0u);
    EXPECT_EQ(arena->loadWhole(taken[0])->fence, ref.fence + 2);
}

}  // namespace

}  // namespace edgerun::store
