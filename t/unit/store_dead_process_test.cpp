#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edgerun/store/job_arena.h"
#include "store_jobs_fixture.h"

namespace edgerun::store {

namespace {

class DeadProcessTest : public JobsTest {
protected:
    static pid_t endedProcess() {
        const pid_t child = fork();
        if (child == 0) {
            _exit(0);
        }
        waitpid(child, nullptr, 0);
        return child;
    }
};

TEST_F(DeadProcessTest, ItsJobsAreAdoptedBeforeItsDeadline) {
    const WorkerPlace living = place;
    place = *arena->registerWorker(endedProcess(), 1'000'000);
    const JobRef ref = take(Asked(1));
    const std::vector<JobRef> taken = adoptAll(living, 10);
    ASSERT_EQ(taken.size(), 1u);
    EXPECT_EQ(taken[0].slot, ref.slot);
    EXPECT_EQ(taken[0].fence, ref.fence + 1);
    EXPECT_FALSE(arena->renewWorker(place, 2'000'000));
    EXPECT_EQ(arena->gauges().workers, 1u);
}

TEST_F(DeadProcessTest, JobsOfALivingProcessAreLeftAloneUntilItsDeadline) {
    const WorkerPlace watching = place;
    place = *arena->registerWorker(getpid(), 100);
    take(Asked(1));
    EXPECT_TRUE(adoptAll(watching, 100).empty());
    EXPECT_EQ(adoptAll(watching, 101).size(), 1u);
}

}  // namespace

}  // namespace edgerun::store
