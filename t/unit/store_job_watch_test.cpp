#include <gtest/gtest.h>

#include "edgerun/store/job_arena.h"
#include "store_jobs_fixture.h"

namespace edgerun::store {

namespace {

using run::JobStatus;
using run::Phase;

/// Counts, and notices a call under the lock, which it takes itself.
class CountingSignal : public ChangeSignal {
public:
    explicit CountingSignal(SharedLock& lock) : lock_(lock) {}

    void signal() noexcept override {
        lock_.lock();
        lock_.unlock();
        ++count;
    }

    int count = 0;

private:
    SharedLock& lock_;
};

class JobWatchTest : public JobsTest {
protected:
    JobWatchTest() : signal(lock) {
        arena = JobArena::attach(memory.data(), memory.size(), lock, &signal);
    }

    JobWatch watch(std::uint64_t time) {
        const std::optional<JobWatch> watched = arena->watch(idAt(time), ownerNumber(1));
        EXPECT_TRUE(watched);
        return watched.value_or(JobWatch{});
    }

    CountingSignal signal;
};

TEST_F(JobWatchTest, OnlyItsOwnersJobsAreWatched) {
    take(Asked(1));
    EXPECT_TRUE(arena->watch(idAt(1), ownerNumber(1)));
    EXPECT_FALSE(arena->watch(idAt(1), ownerNumber(2)));
    EXPECT_FALSE(arena->watch(idAt(2), ownerNumber(1)));
}

TEST_F(JobWatchTest, NothingIsToldOfJobsThatNobodyWatches) {
    const JobRef ref = take(Asked(1));
    take(Asked(2));
    watch(2);
    commit(ref, recordOf(JobStatus::Running), "running");
    finish(ref);
    arena->publish(take(hidden(3)));
    arena->withdraw(take(hidden(4)));
    EXPECT_TRUE(arena->erase(idAt(1), ownerNumber(1)));
    EXPECT_EQ(signal.count, 0);
}

TEST_F(JobWatchTest, AChangeIsSignalledAndSeen) {
    const JobRef ref = take(Asked(1));
    const JobWatch before = watch(1);
    EXPECT_FALSE(arena->hasChanged(before));
    EXPECT_EQ(signal.count, 0);
    commit(ref, recordOf(JobStatus::Running), "running");
    EXPECT_EQ(signal.count, 1);
    EXPECT_TRUE(arena->hasChanged(before));
    const JobWatch after = watch(1);
    EXPECT_FALSE(arena->hasChanged(after));
    finish(ref);
    EXPECT_EQ(signal.count, 2);
    EXPECT_TRUE(arena->hasChanged(after));
    EXPECT_TRUE(arena->hasChanged(before));
}

TEST_F(JobWatchTest, AfterASignalTheJobIsWatchedNoMore) {
    const JobRef ref = take(Asked(1));
    const JobWatch watched = watch(1);
    commit(ref, recordOf(JobStatus::Running), "running");
    commit(ref, recordOf(JobStatus::RequiresAction), "requires action");
    EXPECT_EQ(signal.count, 1);
    EXPECT_TRUE(arena->hasChanged(watched));
}

TEST_F(JobWatchTest, AnErasedJobIsNotWatched) {
    commit(take(Asked(1)), erasedRecord());
    EXPECT_FALSE(arena->watch(idAt(1), ownerNumber(1)));
}

TEST_F(JobWatchTest, WhatItsOwnerDoesNotSeeIsNoChange) {
    const JobRef ref = take(Asked(1));
    commit(ref, recordOf(JobStatus::Running), "running");
    const JobWatch watched = watch(1);
    run::Record polled = recordOf(JobStatus::Running);
    polled.polls = 7;
    commit(ref, polled);
    EXPECT_FALSE(arena->hasChanged(watched));
    EXPECT_EQ(signal.count, 0);
}

TEST_F(JobWatchTest, AChangeOfTheWorkerIsNoChange) {
    take(Asked(1));
    const JobWatch watched = watch(1);
    const WorkerPlace other = otherPlace();
    ASSERT_EQ(arena->seize(other, idAt(1), ownerNumber(1)).outcome, Seizure::Taken);
    arena->releaseWorker(other);
    ASSERT_EQ(adoptAll(place).size(), 1u);
    EXPECT_FALSE(arena->hasChanged(watched));
    EXPECT_EQ(signal.count, 0);
}

TEST_F(JobWatchTest, ARefusedCommitIsNoChange) {
    const JobRef ref = take(Asked(1));
    commit(ref, recordOf(JobStatus::Running), "running");
    const JobWatch watched = watch(1);
    EXPECT_EQ(arena->commit(ref, {recordOf(JobStatus::Pending), "back"}, 0),
              JobArena::Commit::Lost);
    EXPECT_FALSE(arena->hasChanged(watched));
    EXPECT_EQ(signal.count, 0);
}

TEST_F(JobWatchTest, WhoeverWatchesOneJobIsToldOfItsChangeOnly) {
    const JobRef ref = take(Asked(1));
    take(Asked(2));
    const JobWatch first = watch(1);
    const JobWatch second = watch(2);
    commit(ref, recordOf(JobStatus::Running), "running");
    EXPECT_TRUE(arena->hasChanged(first));
    EXPECT_FALSE(arena->hasChanged(second));
}

TEST_F(JobWatchTest, SeveralWatchersOfAJobAllSeeItsChange) {
    const JobRef ref = take(Asked(1));
    const JobWatch first = watch(1);
    const JobWatch second = watch(1);
    commit(ref, recordOf(JobStatus::Running), "running");
    EXPECT_TRUE(arena->hasChanged(first));
    EXPECT_TRUE(arena->hasChanged(second));
    EXPECT_EQ(signal.count, 1);
}

TEST_F(JobWatchTest, AHiddenJobIsWatchedUntilItIsPublished) {
    const JobRef ref = take(hidden(1));
    const JobWatch watched = watch(1);
    EXPECT_FALSE(arena->hasChanged(watched));
    arena->publish(ref);
    EXPECT_TRUE(arena->hasChanged(watched));
    EXPECT_EQ(signal.count, 1);
}

TEST_F(JobWatchTest, AHiddenJobsFirstCommitIsAChange) {
    const JobRef ref = take(hidden(1));
    const JobWatch watched = watch(1);
    commit(ref, recordOf(JobStatus::Pending));
    EXPECT_TRUE(arena->hasChanged(watched));
    EXPECT_EQ(signal.count, 1);
}

TEST_F(JobWatchTest, AHiddenJobThatIsWithdrawnHasChanged) {
    const JobRef ref = take(hidden(1));
    const JobWatch watched = watch(1);
    arena->withdraw(ref);
    EXPECT_TRUE(arena->hasChanged(watched));
    EXPECT_EQ(signal.count, 1);
}

TEST_F(JobWatchTest, AnErasedJobHasChanged) {
    finish(take(Asked(1)));
    const JobRef live = take(Asked(2));
    const JobWatch first = watch(1);
    const JobWatch second = watch(2);
    EXPECT_TRUE(arena->erase(idAt(1), ownerNumber(1)));
    EXPECT_TRUE(arena->hasChanged(first));
    EXPECT_EQ(signal.count, 1);
    EXPECT_FALSE(arena->hasChanged(second));
    commit(live, erasedRecord());
    EXPECT_TRUE(arena->hasChanged(second));
    EXPECT_EQ(signal.count, 2);
}

TEST_F(JobWatchTest, AnExpiredJobHasChanged) {
    finish(take(Asked(1)));
    const JobWatch watched = watch(1);
    EXPECT_EQ(arena->expire(1000, 10), 1u);
    EXPECT_TRUE(arena->hasChanged(watched));
    EXPECT_EQ(signal.count, 1);
}

TEST_F(JobWatchTest, AJobThatMadeRoomHasChanged) {
    finish(take(Asked(1)));
    const JobWatch watched = watch(1);
    std::uint64_t time = 1;
    while (ask(Asked(++time)).status == AcceptStatus::Accepted) {
    }
    EXPECT_TRUE(arena->hasChanged(watched));
    EXPECT_EQ(signal.count, 1);
}

TEST_F(JobWatchTest, TheNextJobInASlotIsNotWatched) {
    const JobRef first = take(Asked(1));
    finish(first);
    const JobWatch watched = watch(1);
    EXPECT_TRUE(arena->erase(idAt(1), ownerNumber(1)));
    EXPECT_EQ(signal.count, 1);
    const JobRef next = take(Asked(2));
    ASSERT_EQ(next.slot, first.slot);
    EXPECT_TRUE(arena->hasChanged(watched));
    commit(next, recordOf(JobStatus::Running), "running");
    EXPECT_EQ(signal.count, 1);
    EXPECT_TRUE(arena->hasChanged(watched));
    EXPECT_FALSE(arena->hasChanged(watch(2)));
}

TEST_F(JobWatchTest, ManyJobsInASlotNeverLookLikeTheFirst) {
    finish(take(Asked(1)));
    const JobWatch watched = watch(1);
    EXPECT_TRUE(arena->erase(idAt(1), ownerNumber(1)));
    for (std::uint64_t time = 2; time < 600; ++time) {
        finish(take(Asked(time)));
        EXPECT_TRUE(arena->hasChanged(watched));
        EXPECT_TRUE(arena->erase(idAt(time), ownerNumber(1)));
        EXPECT_TRUE(arena->hasChanged(watched));
    }
}

TEST_F(JobWatchTest, AnotherProcessHearsOfItWhoeverMakesTheChange) {
    const JobRef ref = take(Asked(1));
    CountingSignal otherSignal(lock);
    JobArena other = *JobArena::attach(memory.data(), memory.size(), lock, &otherSignal);
    const JobWatch watched = *other.watch(idAt(1), ownerNumber(1));
    commit(ref, recordOf(JobStatus::Running), "running");
    EXPECT_EQ(signal.count, 1) << "the one who changes the job signals to all";
    EXPECT_EQ(otherSignal.count, 0);
    EXPECT_TRUE(other.hasChanged(watched));
}

TEST_F(JobWatchTest, ToLookTakesNoLock) {
    const JobRef ref = take(Asked(1));
    const JobWatch watched = watch(1);
    commit(ref, recordOf(JobStatus::Running), "running");
    lock.lock();
    EXPECT_TRUE(arena->hasChanged(watched));
    lock.unlock();
}

TEST_F(JobWatchTest, AnArenaWithoutASignalChangesSilently) {
    arena = JobArena::attach(memory.data(), memory.size(), lock);
    const JobRef ref = take(Asked(1));
    const JobWatch watched = watch(1);
    commit(ref, recordOf(JobStatus::Running), "running");
    EXPECT_TRUE(arena->hasChanged(watched));
}

}  // namespace

}  // namespace edgerun::store
