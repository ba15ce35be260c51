#include <gtest/gtest.h>

#include <vector>

#include "edgerun/store/job_arena.h"
#include "store_jobs_fixture.h"

/// Which of the finished jobs go when more come back than there is room for; and what counts as
/// accepted.
namespace edgerun::store {

namespace {

class RestoreRoomTest : public JobsTest {
protected:
    Restored restoreFinished(std::uint64_t time, std::uint64_t expiresAt) {
        JobSnapshot job;
        job.id = idAt(time);
        job.owner = ownerNumber(1);
        job.fence = 1;
        job.record = finishedRecord();
        job.body = "body";
        return arena->restore(job, 0, expiresAt);
    }

    /// Finished jobs in all slots, that expire one after another from `first` on.
    std::uint64_t fill(std::uint64_t first) {
        std::uint64_t count = 0;
        while (arena->gauges().slotsFree > 0) {
            EXPECT_EQ(restoreFinished(100 + count, first + count), Restored::Restored);
            ++count;
        }
        return count;
    }
};

TEST_F(RestoreRoomTest, WhatFinishedEarlierThanAllOthersFindsNoRoom) {
    fill(1000);
    EXPECT_EQ(restoreFinished(1, 999), Restored::Full);
    EXPECT_EQ(arena->gauges().evicted, 0u);
    EXPECT_TRUE(isSeen(100));
}

TEST_F(RestoreRoomTest, WhatFinishedLaterTakesTheOldestOnesRoom) {
    fill(1000);
    EXPECT_EQ(restoreFinished(1, 1001), Restored::Restored);
    EXPECT_EQ(arena->gauges().evicted, 1u);
    EXPECT_FALSE(isSeen(100));
    EXPECT_TRUE(isSeen(101));
    EXPECT_TRUE(isSeen(1));
}

TEST_F(RestoreRoomTest, OfMoreThanFitsTheLastFinishedStay) {
    const std::uint64_t count = fill(1000);
    for (std::uint64_t extra = 0; extra < 10; ++extra) {
        EXPECT_EQ(restoreFinished(1000 + extra, 5000 + extra), Restored::Restored);
    }
    for (std::uint64_t at = 0; at < count; ++at) {
        EXPECT_EQ(isSeen(100 + at), at >= 10) << at;
    }
}

TEST_F(RestoreRoomTest, JobsThatComeBackInAnyOrderExpireInTime) {
    restoreFinished(1, 300);
    restoreFinished(2, 100);
    restoreFinished(3, 200);
    for (const std::uint64_t now : {100, 200, 300}) {
        EXPECT_EQ(arena->expire(now - 1, 10), 0u) << now;
        EXPECT_EQ(arena->expire(now, 10), 1u) << now;
    }
}

TEST_F(RestoreRoomTest, NonsenseIsNotRestored) {
    JobSnapshot job;
    job.id = idAt(1);
    job.body.assign(arena->limits().maxRequest + 1, 'x');
    EXPECT_EQ(arena->restore(job, 0, 0), Restored::Full);
    job.body.clear();
    job.record.phase = static_cast<run::Phase>(200);
    EXPECT_EQ(arena->restore(job, 0, 0), Restored::Full);
    EXPECT_EQ(arena->gauges().slotsFree, arena->gauges().slots);
    EXPECT_EQ(arena->gauges().repairs, 0u);
}

TEST_F(RestoreRoomTest, WhatComesBackWasNotAcceptedAgain) {
    restoreFinished(1, 1000);
    EXPECT_EQ(arena->gauges().accepted, 0u);
}

TEST_F(RestoreRoomTest, AHiddenJobIsAcceptedOnceItIsShown) {
    const JobRef published = take(hidden(1));
    const JobRef committed = take(hidden(2));
    const JobRef withdrawn = take(hidden(3));
    EXPECT_EQ(arena->gauges().accepted, 0u);
    arena->publish(published);
    arena->publish(published);
    EXPECT_EQ(arena->gauges().accepted, 1u);
    commit(committed, recordOf(run::JobStatus::Running));
    commit(committed, recordOf(run::JobStatus::Running));
    EXPECT_EQ(arena->gauges().accepted, 2u);
    arena->withdraw(withdrawn);
    EXPECT_EQ(arena->gauges().accepted, 2u);
}

TEST_F(RestoreRoomTest, WhatIsHiddenIsNotErased) {
    Asked job = hidden(1);
    job.record = finishedRecord();
    take(job);
    EXPECT_FALSE(arena->erase(job.id, job.owner));
    EXPECT_TRUE(arena->snapshot(job.id));
}

}  // namespace

}  // namespace edgerun::store
