#include <gtest/gtest.h>

#include "edgerun/store/job_arena.h"
#include "store_jobs_fixture.h"

/// Jobs that nobody sees until a journal has them.
namespace edgerun::store {

namespace {

using run::JobStatus;

class HiddenJobTest : public JobsTest {};

TEST_F(HiddenJobTest, AHiddenJobIsNotReadUntilItIsPublished) {
    const JobRef ref = take(hidden(1));
    EXPECT_FALSE(isSeen(1));
    EXPECT_TRUE(arena->publish(ref));
    EXPECT_TRUE(isSeen(1));
    EXPECT_EQ(body, "body");
    EXPECT_EQ(arena->loadRequest(ref), "request");
}

TEST_F(HiddenJobTest, ItsWorkerKnowsAHiddenJob) {
    const JobRef ref = take(hidden(1));
    EXPECT_TRUE(arena->load(ref));
    EXPECT_EQ(arena->idOf(ref), idAt(1));
    EXPECT_EQ(arena->loadRequest(ref), "request");
}

TEST_F(HiddenJobTest, AWithdrawnJobNeverWas) {
    take(Asked(1));
    const ArenaGauges before = arena->gauges();
    Asked job = hidden(2);
    job.key = keyNumber(7);
    job.record.threadId.assign("thread_1");
    const std::string large(5000, 'x');
    job.request = large;
    const JobRef ref = take(job);
    arena->withdraw(ref);

    const ArenaGauges after = arena->gauges();
    EXPECT_EQ(after.slotsFree, before.slotsFree);
    EXPECT_EQ(after.blocksFree, before.blocksFree);
    EXPECT_EQ(after.live, before.live);
    EXPECT_EQ(after.finished, before.finished);
    EXPECT_FALSE(isSeen(2));
    EXPECT_FALSE(arena->load(ref));
    EXPECT_FALSE(arena->publish(ref));
    EXPECT_FALSE(arena->findKey(keyNumber(7), 0));
    EXPECT_FALSE(arena->providerOfThread(ownerNumber(1), "thread_1").has_value());
    EXPECT_FALSE(arena->snapshot(idAt(2)));
    EXPECT_TRUE(isSeen(1));
}

TEST_F(HiddenJobTest, AllRoomComesBackFromWithdrawnJobs) {
    const ArenaGauges empty = arena->gauges();
    std::uint64_t time = 0;
    for (int round = 0; round < 3; ++round) {
        std::vector<JobRef> refs;
        for (Accepted next = ask(hidden(++time)); next.status == AcceptStatus::Accepted;
             next = ask(hidden(++time))) {
            refs.push_back(next.ref);
        }
        EXPECT_GT(refs.size(), 20u);
        for (const JobRef& ref : refs) {
            arena->withdraw(ref);
        }
        EXPECT_EQ(arena->gauges().slotsFree, empty.slotsFree);
        EXPECT_EQ(arena->gauges().blocksFree, empty.blocksFree);
    }
}

TEST_F(HiddenJobTest, ANewJobNeverTakesTheRoomOfAHiddenOne) {
    const JobRef first = take(hidden(1));
    std::uint64_t time = 1;
    while (ask(Asked(++time)).status == AcceptStatus::Accepted) {
    }
    EXPECT_TRUE(arena->publish(first));
    EXPECT_TRUE(isSeen(1));
}

TEST_F(HiddenJobTest, AHiddenJobKeepsItsPlaceInTheThread) {
    Asked first = hidden(1);
    first.record.threadId.assign("thread_1");
    Asked second = first;
    second.id = idAt(2);
    const JobRef before = take(first);
    const JobRef behind = take(second);
    EXPECT_EQ(jobAheadOf(behind), idAt(1));
    EXPECT_TRUE(arena->withdraw(before));
    EXPECT_EQ(jobAheadOf(behind), std::nullopt);
}

TEST_F(HiddenJobTest, AnOrphanedHiddenJobIsAdoptedAndItsFirstCommitShowsIt) {
    const JobRef ref = take(hidden(1));
    const WorkerPlace other = otherPlace();
    arena->releaseWorker(place);
    const std::vector<JobRef> taken = adoptAll(other);
    ASSERT_EQ(taken.size(), 1u);
    EXPECT_EQ(taken[0].fence, ref.fence + 1);
    EXPECT_FALSE(isSeen(1));
    commit(taken[0], recordOf(JobStatus::Running), "running");
    EXPECT_TRUE(isSeen(1));
    EXPECT_EQ(body, "running");
}

TEST_F(HiddenJobTest, EvenACommitWithoutABodyShowsAHiddenJob) {
    const JobRef ref = take(hidden(1));
    commit(ref, recordOf(JobStatus::Pending));
    EXPECT_TRUE(isSeen(1));
    EXPECT_EQ(body, "body");
}

TEST_F(HiddenJobTest, WhoLostAHiddenJobNeitherPublishesNorWithdrawsIt) {
    const JobRef ref = take(hidden(1));
    const WorkerPlace other = otherPlace();
    arena->releaseWorker(place);
    const std::vector<JobRef> taken = adoptAll(other);
    ASSERT_EQ(taken.size(), 1u);
    EXPECT_FALSE(arena->publish(ref));
    arena->withdraw(ref);
    EXPECT_TRUE(arena->load(taken[0]));
    EXPECT_TRUE(arena->publish(taken[0]));
    EXPECT_TRUE(isSeen(1));
}

TEST_F(HiddenJobTest, AJobThatWasPublishedIsNotWithdrawn) {
    const JobRef ref = take(hidden(1));
    EXPECT_TRUE(arena->publish(ref));
    EXPECT_FALSE(arena->withdraw(ref));
    EXPECT_TRUE(isSeen(1));
    EXPECT_TRUE(arena->load(ref));
}

TEST_F(HiddenJobTest, AReferenceToAWithdrawnJobDoesNothingToTheNextInItsSlot) {
    const JobRef gone = take(hidden(1));
    EXPECT_TRUE(arena->withdraw(gone));
    const JobRef next = take(hidden(2));
    ASSERT_EQ(next.slot, gone.slot);
    EXPECT_FALSE(arena->publish(gone));
    EXPECT_FALSE(arena->withdraw(gone));
    EXPECT_TRUE(arena->publish(next));
    EXPECT_TRUE(isSeen(2));
}

}  // namespace

}  // namespace edgerun::store
