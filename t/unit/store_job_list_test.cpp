#include <gtest/gtest.h>

#include <algorithm>

#include "edgerun/store/job_arena.h"
#include "store_jobs_fixture.h"

namespace edgerun::store {

namespace {

using run::JobStatus;
using run::Phase;
using Ids = std::vector<JobId>;

class JobListTest : public JobsTest {
protected:
    using JobsTest::JobsTest;

    JobList list(std::size_t limit, const std::optional<JobId>& after = std::nullopt,
                 std::optional<JobStatus> status = std::nullopt, std::uint64_t owner = 1) {
        return arena->list(ownerNumber(owner), after, status, limit, now);
    }

    static Ids idsOf(const JobList& page) {
        Ids ids;
        for (const ListedJob& job : page.jobs) {
            ids.push_back(job.id);
        }
        return ids;
    }

    /// All pages, put together. Each is at most `limit` long, and there is an end.
    Ids pages(std::size_t limit, std::optional<JobStatus> status = std::nullopt,
              std::uint64_t owner = 1) {
        Ids all;
        std::optional<JobId> after;
        for (calls = 1; calls < 10'000; ++calls) {
            const JobList page = list(limit, after, status, owner);
            EXPECT_LE(page.jobs.size(), limit);
            const Ids ids = idsOf(page);
            all.insert(all.end(), ids.begin(), ids.end());
            if (!page.hasMore) {
                return all;
            }
            after = page.next;
        }
        ADD_FAILURE() << "no end";
        return all;
    }

    static Ids idsDownFrom(std::uint64_t newest, std::uint64_t oldest) {
        Ids ids;
        for (std::uint64_t time = newest; time >= oldest; --time) {
            ids.push_back(idAt(time));
        }
        return ids;
    }

    std::uint64_t now = 0;
    int calls = 0;
};

TEST_F(JobListTest, AnOwnerWithoutJobsHasAnEmptyList) {
    take(Asked(1));
    const JobList page = list(10, std::nullopt, std::nullopt, 2);
    EXPECT_TRUE(page.jobs.empty());
    EXPECT_FALSE(page.hasMore);
}

TEST_F(JobListTest, TheNewestComeFirst) {
    for (std::uint64_t time = 1; time <= 5; ++time) {
        take(Asked(time));
    }
    const JobList page = list(10);
    EXPECT_EQ(idsOf(page), idsDownFrom(5, 1));
    EXPECT_FALSE(page.hasMore);
}

TEST_F(JobListTest, EachIsShownWithItsRecord) {
    const JobRef ref = take(Asked(1));
    run::Record record = recordOf(JobStatus::Running);
    record.runId.assign("run_1");
    record.version = 2;
    commit(ref, record, "running");
    const JobList page = list(10);
    ASSERT_EQ(page.jobs.size(), 1u);
    EXPECT_EQ(page.jobs[0].record.status, JobStatus::Running);
    EXPECT_EQ(page.jobs[0].record.runId.view(), "run_1");
    EXPECT_EQ(page.jobs[0].record.version, 2u);
}

TEST_F(JobListTest, PagesOfEverySizeGiveEachJobOnce) {
    for (std::uint64_t time = 1; time <= 23; ++time) {
        take(Asked(time));
    }
    for (std::size_t limit = 1; limit <= 30; ++limit) {
        EXPECT_EQ(pages(limit), idsDownFrom(23, 1)) << "by " << limit;
    }
}

TEST_F(JobListTest, JobsOfOneMillisecondAreGivenOnceEach) {
    Ids expected;
    for (std::uint8_t random = 0; random < 20; ++random) {
        Asked job(7);
        job.id = idAt(7, static_cast<std::uint8_t>(random * 77 % 20));
        take(job);
        expected.push_back(job.id);
    }
    std::sort(expected.begin(), expected.end());
    for (std::size_t limit = 1; limit <= 21; ++limit) {
        Ids all = pages(limit);
        std::sort(all.begin(), all.end());
        EXPECT_EQ(all, expected) << "by " << limit;
    }
}

TEST_F(JobListTest, AClockThatWentBackHidesNoJob) {
    Ids expected;
    for (const std::uint64_t time : {10, 11, 12, 5, 6, 7, 13, 14}) {
        take(Asked(time));
        expected.push_back(idAt(time));
    }
    std::sort(expected.begin(), expected.end());
    for (std::size_t limit = 1; limit <= 9; ++limit) {
        Ids all = pages(limit);
        std::sort(all.begin(), all.end());
        EXPECT_EQ(all, expected) << "by " << limit;
    }
}

TEST_F(JobListTest, APageThatHoldsTheLastJobSaysThatThereIsNoMore) {
    for (std::uint64_t time = 1; time <= 4; ++time) {
        take(Asked(time));
    }
    EXPECT_FALSE(list(4).hasMore);
    EXPECT_TRUE(list(3).hasMore);
    EXPECT_FALSE(list(3, list(3).next).hasMore);
}

TEST_F(JobListTest, AnyOfItsOwnersIdsMayStandForWhereToGoOn) {
    for (std::uint64_t time = 1; time <= 9; ++time) {
        take(Asked(time));
    }
    EXPECT_EQ(idsOf(list(3, idAt(6))), idsDownFrom(5, 3));
    EXPECT_EQ(idsOf(list(10, idAt(2))), idsDownFrom(1, 1));
    EXPECT_TRUE(list(10, idAt(1)).jobs.empty());
    EXPECT_FALSE(list(10, idAt(1)).hasMore);
}

TEST_F(JobListTest, AListGoesOnBehindAJobThatIsGone) {
    for (std::uint64_t time = 1; time <= 9; ++time) {
        const JobRef ref = take(Asked(time));
        if (time == 6 || time == 1 || time == 9) {
            finish(ref);
            ASSERT_TRUE(arena->erase(idAt(time), ownerNumber(1)));
        }
    }
    EXPECT_EQ(idsOf(list(3, idAt(6))), idsDownFrom(5, 3));
    EXPECT_EQ(idsOf(list(3, idAt(9))), (Ids{idAt(8), idAt(7), idAt(5)}));
    EXPECT_TRUE(list(3, idAt(1)).jobs.empty());
}

TEST_F(JobListTest, NewJobsDoNotDisturbThePagesOfOldOnes) {
    for (std::uint64_t time = 1; time <= 9; ++time) {
        take(Asked(time));
    }
    const JobList first = list(3);
    take(Asked(10));
    EXPECT_EQ(idsOf(list(3, first.next)), idsDownFrom(6, 4));
}

TEST_F(JobListTest, OnlyAStatusIsListedIfOneIsAskedFor) {
    for (std::uint64_t time = 1; time <= 12; ++time) {
        const JobRef ref = take(Asked(time));
        if (time % 3 == 0) {
            commit(ref, recordOf(JobStatus::Running), "running");
        } else if (time % 3 == 1) {
            finish(ref);
        }
    }
    const Ids running = {idAt(12), idAt(9), idAt(6), idAt(3)};
    for (std::size_t limit = 1; limit <= 5; ++limit) {
        EXPECT_EQ(pages(limit, JobStatus::Running), running) << "by " << limit;
    }
    EXPECT_EQ(pages(2, JobStatus::Completed), (Ids{idAt(10), idAt(7), idAt(4), idAt(1)}));
    EXPECT_EQ(pages(2, JobStatus::Pending), (Ids{idAt(11), idAt(8), idAt(5), idAt(2)}));
    EXPECT_TRUE(pages(2, JobStatus::Failed).empty());
}

TEST_F(JobListTest, JobsOfOthersAreNeverShown) {
    for (std::uint64_t time = 1; time <= 60; ++time) {
        take(ownedBy(time % 20 + 1, time));
    }
    for (std::uint64_t owner = 1; owner <= 20; ++owner) {
        const std::uint64_t oldest = owner == 1 ? 20 : owner - 1;
        EXPECT_EQ(pages(2, std::nullopt, owner),
                  (Ids{idAt(oldest + 40), idAt(oldest + 20), idAt(oldest)}))
            << "owner " << owner;
    }
    JobOwner otherScope = ownerNumber(1);
    otherScope.scope = 9;
    EXPECT_TRUE(arena->list(otherScope, std::nullopt, std::nullopt, 10, 0).jobs.empty());
}

TEST_F(JobListTest, HiddenErasedAndExpiredJobsAreNotShown) {
    take(hidden(1));
    commit(take(Asked(2)), erasedRecord());
    finish(take(Asked(3)));
    take(Asked(4));
    take(hidden(5));
    for (const std::size_t limit : {1, 2, 10}) {
        EXPECT_EQ(pages(limit), (Ids{idAt(4), idAt(3)})) << "by " << limit;
        now = 1000;
        EXPECT_EQ(pages(limit), Ids{idAt(4)}) << "by " << limit;
        now = 0;
    }
}

TEST_F(JobListTest, FinishedJobsAreListedUntilTheyAreGone) {
    finish(take(Asked(1)));
    commit(take(Asked(2)), cancelledRecord(), "cancelled");
    EXPECT_EQ(idsOf(list(10)), idsDownFrom(2, 1));
    arena->expire(1000, 10);
    EXPECT_EQ(idsOf(list(10)), Ids{idAt(2)});
}

/// Counts how often it is taken.
class CountingLock : public SingleThreadLock {
public:
    void lock() noexcept override {
        ++count;
        SingleThreadLock::lock();
    }

    int count = 0;
};

/// With room for tens of thousands of jobs.
class LongListTest : public JobListTest {
protected:
    static constexpr std::uint64_t kJobs = 20'000;

    LongListTest() {
        constexpr std::size_t kBytes = 96 << 20;
        large.emplace(kBytes);
        EXPECT_TRUE(JobArena::format(large->data(), kBytes, {1000, 4096}, testSecret()));
        arena = JobArena::attach(large->data(), kBytes, countingLock);
        place = *arena->registerWorker(1, 1000);
        EXPECT_GT(arena->gauges().slots, kJobs);
    }

    CountingLock countingLock;
    std::optional<ArenaMemory> large;
};

TEST_F(LongListTest, AllJobsAreThereByPages) {
    for (std::uint64_t time = 1; time <= kJobs; ++time) {
        take(Asked(time));
    }
    EXPECT_EQ(pages(100), idsDownFrom(kJobs, 1));
}

TEST_F(LongListTest, FewMatchesAmongManyJobsAreFoundInBoundedSteps) {
    for (std::uint64_t time = 1; time <= kJobs; ++time) {
        const JobRef ref = take(Asked(time));
        if (time == 1 || time == 2500) {
            commit(ref, recordOf(JobStatus::Running), "running");
        }
    }
    const int before = countingLock.count;
    EXPECT_EQ(pages(10, JobStatus::Running), (Ids{idAt(2500), idAt(1)}));
    EXPECT_GT(calls, 1) << "one call has looked at all jobs";
    EXPECT_LT(calls, 100);
    EXPECT_GT(countingLock.count, before + calls) << "all of a call's under one hold of the lock";
}

TEST_F(LongListTest, JobsOfOthersDoNotShortenAPage) {
    take(Asked(1));
    take(Asked(2));
    for (std::uint64_t time = 3; time <= kJobs; ++time) {
        take(ownedBy(2, time));
    }
    const JobList page = list(10);
    EXPECT_EQ(idsOf(page), idsDownFrom(2, 1));
    EXPECT_FALSE(page.hasMore);
}

}  // namespace

}  // namespace edgerun::store
