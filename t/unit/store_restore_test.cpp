#include <gtest/gtest.h>

#include "edgerun/store/job_arena.h"
#include "store_jobs_fixture.h"

/// What a new arena takes over from a journal of an earlier one.
namespace edgerun::store {

namespace {

using run::JobStatus;
using run::Phase;
using Loading = JobArena::Loading;

/// `arena` is the new one; `former` has the jobs.
class RestoreTest : public JobsTest {
protected:
    RestoreTest() : formerMemory(256 * 1024) {
        EXPECT_TRUE(JobArena::format(formerMemory.data(), formerMemory.size(), {1000, 16 * 1024},
                                     testSecret()));
        former = JobArena::attach(formerMemory.data(), formerMemory.size(), lock);
        formerPlace = *former->registerWorker(1, 1000);
    }

    JobRef before(const Asked& job) {
        const Accepted accepted =
            former->accept(formerPlace,
                           NewJob{job.id, job.owner, job.record, job.request, job.body, job.key,
                                  job.maxRunning, job.isHidden},
                           0);
        EXPECT_EQ(accepted.status, AcceptStatus::Accepted);
        return accepted.ref;
    }

    Restored bringBack(std::uint64_t time, std::uint64_t acceptedAt = 0,
                       std::uint64_t expiresAt = 0) {
        const std::optional<JobSnapshot> job = former->snapshot(idAt(time));
        EXPECT_TRUE(job);
        return job ? arena->restore(*job, acceptedAt, expiresAt) : Restored::Full;
    }

    ArenaMemory formerMemory;
    std::optional<JobArena> former;
    WorkerPlace formerPlace;
};

void expectSame(const JobSnapshot& a, const JobSnapshot& b) {
    EXPECT_EQ(a.id, b.id);
    EXPECT_TRUE(a.owner == b.owner);
    EXPECT_EQ(a.key.digest, b.key.digest);
    EXPECT_EQ(a.key.fingerprint, b.key.fingerprint);
    EXPECT_EQ(a.fence, b.fence);
    EXPECT_EQ(a.revision, b.revision);
    EXPECT_EQ(a.record.status, b.record.status);
    EXPECT_EQ(a.record.phase, b.record.phase);
    EXPECT_EQ(a.record.version, b.record.version);
    EXPECT_EQ(a.record.deadline, b.record.deadline);
    EXPECT_EQ(a.record.erased, b.record.erased);
    EXPECT_EQ(a.record.threadId.view(), b.record.threadId.view());
    EXPECT_EQ(a.request, b.request);
    EXPECT_EQ(a.body, b.body);
    EXPECT_EQ(a.stepsAt, b.stepsAt);
}

// --- snapshots ---

TEST_F(RestoreTest, ASnapshotIsAllOfAJob) {
    const std::string large(5000, 'r');
    Asked job = keyed(1, keyNumber(1, 9));
    job.request = large;
    const JobRef ref = before(job);
    run::Record record = recordOf(JobStatus::Running);
    record.version = 2;
    record.runId.assign("run_1");
    ASSERT_EQ(former->commit(ref, {record, std::string(3000, 'b'), 7}, 0), JobArena::Commit::Done);

    const std::optional<JobSnapshot> snapshot = former->snapshot(idAt(1));
    ASSERT_TRUE(snapshot);
    EXPECT_EQ(snapshot->id, idAt(1));
    EXPECT_TRUE(snapshot->owner == ownerNumber(1));
    EXPECT_EQ(snapshot->key.digest, keyNumber(1, 9).digest);
    EXPECT_EQ(snapshot->key.fingerprint, keyNumber(1, 9).fingerprint);
    EXPECT_EQ(snapshot->fence, ref.fence);
    EXPECT_EQ(snapshot->record.status, JobStatus::Running);
    EXPECT_EQ(snapshot->record.runId.view(), "run_1");
    EXPECT_EQ(snapshot->request, large);
    EXPECT_EQ(snapshot->body, std::string(3000, 'b'));
    EXPECT_EQ(snapshot->stepsAt, 7u);
    expectSame(*snapshot, *former->loadWhole(ref));
}

TEST_F(RestoreTest, SnapshotsAreTakenOfHiddenFinalAndErasedJobsToo) {
    before(hidden(1));
    former->commit(before(Asked(2)), {finishedRecord(), "answer"}, 0);
    former->commit(before(Asked(3)), {erasedRecord()}, 0);
    ASSERT_TRUE(former->snapshot(idAt(1)));
    ASSERT_TRUE(former->snapshot(idAt(2)));
    EXPECT_EQ(former->snapshot(idAt(2))->request, "");
    EXPECT_EQ(former->snapshot(idAt(2))->body, "answer");
    ASSERT_TRUE(former->snapshot(idAt(3)));
    EXPECT_EQ(former->snapshot(idAt(3))->body, "");
    EXPECT_FALSE(former->snapshot(idAt(4)));
}

TEST_F(RestoreTest, OnlyItsWorkerLoadsAWholeJob) {
    const JobRef ref = before(Asked(1));
    EXPECT_TRUE(former->loadWhole(ref));
    former->releaseWorker(formerPlace);
    EXPECT_FALSE(former->loadWhole(ref));
    EXPECT_TRUE(former->snapshot(idAt(1)));
}

// --- restored ---

TEST_F(RestoreTest, ARestoredJobIsTheSame) {
    Asked job = keyed(1, keyNumber(1, 9));
    job.record.threadId.assign("thread_1");
    job.record.deadline = 77;
    const JobRef ref = before(job);
    former->commit(ref, {job.record, "second", 3}, 0);
    EXPECT_EQ(bringBack(1), Restored::Restored);
    ASSERT_TRUE(arena->snapshot(idAt(1)));
    expectSame(*arena->snapshot(idAt(1)), *former->snapshot(idAt(1)));
    EXPECT_TRUE(isSeen(1));
    EXPECT_EQ(body, "sec}");
    EXPECT_FALSE(isSeen(1, 0, 2));
    ASSERT_TRUE(arena->findKey(keyNumber(1, 9), 0));
    EXPECT_TRUE(arena->findKey(keyNumber(1, 9), 0)->isSameRequest);
    EXPECT_TRUE(arena->providerOfThread(ownerNumber(1), "thread_1").has_value());
    EXPECT_EQ(arena->list(ownerNumber(1), std::nullopt, std::nullopt, 10, 0).jobs.size(), 1u);
}

TEST_F(RestoreTest, ALiveJobFindsAWorker) {
    const JobRef ref = before(Asked(1));
    EXPECT_TRUE(adoptAll(place).empty());
    EXPECT_EQ(bringBack(1), Restored::Restored);
    const std::vector<JobRef> taken = adoptAll(place);
    ASSERT_EQ(taken.size(), 1u);
    EXPECT_EQ(taken[0].fence, ref.fence + 1);
    EXPECT_EQ(arena->idOf(taken[0]), idAt(1));
    EXPECT_EQ(arena->load(taken[0])->revision, 0u);
    EXPECT_EQ(arena->loadRequest(taken[0]), "request");
    finish(taken[0]);
    EXPECT_TRUE(isSeen(1));
    EXPECT_EQ(body, "finished");
}

TEST_F(RestoreTest, FencesGoOnFromWhereTheyStood) {
    before(Asked(1));
    for (int times = 0; times < 5; ++times) {
        ASSERT_EQ(former->seize(formerPlace, idAt(1), ownerNumber(1)).outcome, Seizure::Taken);
    }
    const std::uint32_t fence = former->snapshot(idAt(1))->fence;
    EXPECT_EQ(bringBack(1), Restored::Restored);
    EXPECT_EQ(arena->snapshot(idAt(1))->fence, fence);
    ASSERT_EQ(adoptAll(place).size(), 1u);
    EXPECT_EQ(arena->snapshot(idAt(1))->fence, fence + 1);
}

TEST_F(RestoreTest, AFinalJobIsKeptUntilItsTimeAndIsNobodys) {
    former->commit(before(Asked(1)), {finishedRecord(), "answer"}, 0);
    EXPECT_EQ(bringBack(1, 10, 500), Restored::Restored);
    EXPECT_TRUE(adoptAll(place, 10).empty());
    EXPECT_TRUE(isSeen(1, 499));
    EXPECT_EQ(body, "answer");
    EXPECT_FALSE(isSeen(1, 500));
    EXPECT_EQ(arena->expire(499, 10), 0u);
    EXPECT_EQ(arena->expire(500, 10), 1u);
    EXPECT_FALSE(arena->snapshot(idAt(1)));
}

TEST_F(RestoreTest, AFinalJobWithCleanUpLeftFindsAWorkerAndKeepsItsTime) {
    former->commit(before(Asked(1)), {cancelledRecord(), "cancelled"}, 0);
    EXPECT_EQ(bringBack(1, 0, 500), Restored::Restored);
    const std::vector<JobRef> taken = adoptAll(place);
    ASSERT_EQ(taken.size(), 1u);
    commit(taken[0], cancelledRecord(Phase::Done), std::nullopt, 100);
    EXPECT_TRUE(isSeen(1, 499));
    EXPECT_FALSE(isSeen(1, 500));
}

TEST_F(RestoreTest, AnErasedJobIsCleanedUpUnseen) {
    Asked job = keyed(1, keyNumber(1));
    former->commit(before(job), {erasedRecord()}, 0);
    EXPECT_EQ(bringBack(1, 0, 500), Restored::Restored);
    EXPECT_FALSE(isSeen(1));
    EXPECT_FALSE(arena->findKey(keyNumber(1), 0));
    const std::vector<JobRef> taken = adoptAll(place);
    ASSERT_EQ(taken.size(), 1u);
    commit(taken[0], erasedRecord(Phase::Done));
    EXPECT_EQ(arena->gauges().slotsFree, arena->gauges().slots);
    EXPECT_EQ(arena->gauges().blocksFree, arena->gauges().blocks);
}

TEST_F(RestoreTest, AJobsAgeGoesOn) {
    before(Asked(1));
    EXPECT_EQ(bringBack(1, 100), Restored::Restored);
    char buffer[64];
    EXPECT_EQ(arena->read(idAt(1), ownerNumber(1), 130, buffer, 64).age, 30u);
}

TEST_F(RestoreTest, AJobThatIsThereAlreadyIsLeftAlone) {
    const JobRef ref = take(Asked(1));
    commit(ref, recordOf(JobStatus::Running), "running");
    before(Asked(1));
    EXPECT_EQ(bringBack(1), Restored::Known);
    EXPECT_TRUE(isSeen(1));
    EXPECT_EQ(body, "running");
    EXPECT_TRUE(arena->load(ref));
    EXPECT_EQ(arena->gauges().live, 1u);
}

TEST_F(RestoreTest, JobsAreListedInTheOrderOfTheirCreation) {
    for (std::uint64_t time = 1; time <= 5; ++time) {
        before(Asked(time));
        EXPECT_EQ(bringBack(time, time), Restored::Restored);
    }
    take(Asked(6));
    const JobList list = arena->list(ownerNumber(1), std::nullopt, std::nullopt, 10, 0);
    ASSERT_EQ(list.jobs.size(), 6u);
    for (std::size_t at = 0; at < 6; ++at) {
        EXPECT_EQ(list.jobs[at].id, idAt(6 - at));
    }
}

TEST_F(RestoreTest, ALiveJobNeverMakesRoom) {
    std::uint64_t time = 100;
    std::vector<JobRef> live;
    for (Accepted next = ask(Asked(++time)); next.status == AcceptStatus::Accepted;
         next = ask(Asked(++time))) {
        live.push_back(next.ref);
    }
    before(Asked(1));
    former->commit(before(Asked(2)), {finishedRecord(), "answer"}, 0);
    EXPECT_EQ(bringBack(1), Restored::Full);
    EXPECT_EQ(bringBack(2, 0, 500), Restored::Full);
    EXPECT_FALSE(isSeen(1));
    EXPECT_FALSE(isSeen(2));
    for (const JobRef& ref : live) {
        EXPECT_TRUE(arena->load(ref));
    }
}

TEST_F(RestoreTest, FinishedJobsMakeRoomForLiveOnes) {
    std::uint64_t time = 100;
    while (arena->gauges().evicted == 0) {
        finish(take(Asked(++time)));
    }
    before(Asked(1));
    EXPECT_EQ(bringBack(1), Restored::Restored);
    EXPECT_TRUE(isSeen(1));
}

TEST_F(RestoreTest, RestoredJobsCountAsRunning) {
    before(Asked(1));
    EXPECT_EQ(bringBack(1), Restored::Restored);
    Asked job(2);
    job.maxRunning = 1;
    EXPECT_EQ(ask(job).status, AcceptStatus::TooManyRunning);
}

TEST_F(RestoreTest, AWholeArenaGoesOverIntoAnother) {
    std::uint64_t count = 0;
    while (true) {
        const Accepted next = former->accept(
            formerPlace,
            NewJob{idAt(count + 1), ownerNumber(count % 7), {}, "request", "body", {}, 0, false},
            0);
        if (next.status != AcceptStatus::Accepted) {
            break;
        }
        ++count;
    }
    for (std::uint64_t time = 1; time <= count; ++time) {
        EXPECT_EQ(bringBack(time), Restored::Restored) << time;
    }
    EXPECT_EQ(adoptAll(place).size(), count);
    EXPECT_EQ(arena->gauges().live, former->gauges().live);
    EXPECT_EQ(arena->gauges().blocksFree, former->gauges().blocksFree);
}

// --- which arena, and how much of the earlier jobs ---

TEST_F(RestoreTest, EachArenaIsAnotherInstance) {
    EXPECT_NE(arena->instance(), 0u);
    EXPECT_NE(former->instance(), 0u);
    EXPECT_NE(arena->instance(), former->instance());
    const std::optional<JobArena> again = JobArena::attach(memory.data(), memory.size(), lock);
    EXPECT_EQ(again->instance(), arena->instance());
    const std::uint64_t first = arena->instance();
    ASSERT_TRUE(JobArena::format(memory.data(), memory.size(), {1000, 16 * 1024}, testSecret()));
    EXPECT_NE(JobArena::attach(memory.data(), memory.size(), lock)->instance(), first);
}

TEST_F(RestoreTest, AnArenaIsWholeUnlessSomebodySaysOtherwise) {
    EXPECT_EQ(arena->loading(), Loading::Whole);
    const std::optional<JobArena> other = JobArena::attach(memory.data(), memory.size(), lock);
    for (const Loading loading : {Loading::Wanted, Loading::Partial, Loading::Whole}) {
        arena->setLoading(loading);
        EXPECT_EQ(arena->loading(), loading);
        EXPECT_EQ(other->loading(), loading);
    }
    arena->setLoading(Loading::Wanted);
    lock.lock();
    EXPECT_EQ(other->loading(), Loading::Wanted) << "without the lock";
    lock.unlock();
}

TEST_F(RestoreTest, JournalFailuresAreCounted) {
    EXPECT_EQ(arena->gauges().journalFailures, 0u);
    arena->countJournalFailure();
    arena->countJournalFailure();
    EXPECT_EQ(arena->gauges().journalFailures, 2u);
}

}  // namespace

}  // namespace edgerun::store
