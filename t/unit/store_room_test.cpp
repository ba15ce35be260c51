#include <gtest/gtest.h>

#include "edgerun/store/job_arena.h"
#include "store_arena_fixture.h"

/// What happens when slots or blocks run short.
namespace edgerun::store {

namespace {

using run::JobStatus;
using run::Phase;
using Commit = JobArena::Commit;

/// About 60 slots, 180 blocks.
class RoomTest : public ArenaTest {
protected:
    /// Accepts jobs until the arena is full of live ones.
    std::vector<JobRef> fill(std::string_view request = "request") {
        std::vector<JobRef> refs;
        for (std::uint64_t number = 1000;; ++number) {
            const Accepted accepted = tryAccept(number, 0, request);
            if (accepted.status != AcceptStatus::Accepted) {
                EXPECT_EQ(accepted.status, AcceptStatus::Full);
                return refs;
            }
            refs.push_back(accepted.ref);
        }
    }

    /// The largest body that is assured, of a job that cannot be evicted.
    Commit endWithCleanUp(const JobRef& ref) {
        return arena->commit(ref,
                             {recordOf(JobStatus::Failed, Phase::CancelRun),
                              std::string(JobArena::kAssuredBody, 'e')},
                             0);
    }
};

TEST_F(RoomTest, AnArenaFullOfLiveJobsRefusesAndKeepsThemAll) {
    const std::vector<JobRef> refs = fill();
    EXPECT_GT(refs.size(), 30u);
    for (const JobRef& ref : refs) {
        EXPECT_TRUE(arena->load(ref));
    }
    EXPECT_EQ(arena->gauges().refused, 1u);
    EXPECT_EQ(arena->gauges().evicted, 0u);
    EXPECT_EQ(arena->gauges().live, refs.size());
}

TEST_F(RoomTest, FinishedJobsMakeRoomTheOldestFirst) {
    const std::vector<JobRef> refs = fill();
    finish(refs[5], 10);
    finish(refs[2], 20);
    accept(1, 30);
    EXPECT_FALSE(exists(1005, 30));
    EXPECT_TRUE(exists(1002, 30));
    EXPECT_EQ(arena->gauges().evicted, 1u);
}

TEST_F(RoomTest, AJobThatHasCleanUpLeftMakesNoRoom) {
    const std::vector<JobRef> refs = fill();
    for (const JobRef& ref : refs) {
        ASSERT_EQ(arena->commit(ref, {recordOf(JobStatus::Failed, Phase::CancelRun), "b"}, 0),
                  Commit::Done);
    }
    std::uint64_t number = 0;
    while (tryAccept(++number).status == AcceptStatus::Accepted) {
    }
    for (const JobRef& ref : refs) {
        EXPECT_TRUE(arena->load(ref));
    }
    EXPECT_EQ(arena->gauges().evicted, 0u);
}

TEST_F(RoomTest, WhatCannotFitRemovesNobody) {
    const std::vector<JobRef> refs = fill();
    finish(refs[0]);
    EXPECT_EQ(tryAccept(1, 0, std::string(16 * 1024, 'x')).status, AcceptStatus::Full);
    EXPECT_TRUE(exists(1000));
    EXPECT_EQ(arena->gauges().evicted, 0u);
}

TEST_F(RoomTest, EveryLiveJobCanEndHoweverFullTheArenaIs) {
    for (const std::size_t requestSize : {0, 100, 3000, 10000}) {
        const std::vector<JobRef> refs = fill(std::string(requestSize, 'r'));
        const std::string assured(JobArena::kAssuredBody, 'e');
        for (const JobRef& ref : refs) {
            EXPECT_EQ(arena->commit(ref, {finishedRecord(), assured}, 0), Commit::Done);
        }
        EXPECT_EQ(arena->expire(1000, 1000), refs.size());
    }
}

TEST_F(RoomTest, JobsThatHoldNoBlocksCanEndToo) {
    for (std::uint64_t number = 1; number < 9; ++number) {
        accept(number, 0, std::string(16 * 1016, 'r'));
    }
    std::vector<JobRef> refs;
    for (Accepted job = tryAccept(9, 0, "", ""); job.status == AcceptStatus::Accepted;
         job = tryAccept(9, 0, "", "")) {
        refs.push_back(job.ref);
    }
    EXPECT_GT(refs.size(), 10u);
    for (const JobRef& ref : refs) {
        EXPECT_EQ(endWithCleanUp(ref), Commit::Done);
    }
}

TEST_F(RoomTest, NeitherLargeBodiesNorGrowthTakeOthersReserve) {
    const std::vector<JobRef> refs = fill();
    for (const JobRef& ref : refs) {
        for (const std::size_t blocks : {16, 8, 4, 2, 1}) {
            const std::string large(blocks * 1016, 'x');
            if (arena->commit(ref, {recordOf(JobStatus::Running), large}, 0) == Commit::Done) {
                break;
            }
        }
    }
    EXPECT_LT(arena->gauges().blocksFree, 5u);
    while (tryAccept(1).status == AcceptStatus::Accepted) {
    }
    for (std::size_t at = refs.size(); at-- > 0;) {
        EXPECT_EQ(endWithCleanUp(refs[at]), Commit::Done);
    }
}

TEST_F(RoomTest, AnswersOfSomeKilobytesFitWhenNewJobsDoNot) {
    const std::vector<JobRef> refs = fill();
    for (const JobRef& ref : refs) {
        const std::string answer(3000, 'a');
        EXPECT_EQ(arena->commit(ref, {finishedRecord(), answer}, 0), Commit::Done);
    }
    EXPECT_EQ(arena->gauges().evicted, 0u);
}

TEST_F(RoomTest, ACommitThatFindsNoBlocksChangesNothing) {
    const std::vector<JobRef> refs = fill();
    const std::string large(16 * 1016, 'x');
    std::size_t at = 0;
    while (arena->commit(refs[at], {recordOf(JobStatus::Running), large}, 0) == Commit::Done) {
        ++at;
    }
    const ArenaGauges before = arena->gauges();
    ASSERT_EQ(arena->commit(refs[at], {finishedRecord(), large}, 0), Commit::Full);
    EXPECT_TRUE(exists(1000 + at));
    EXPECT_TRUE(body == "body");
    EXPECT_EQ(arena->load(refs[at])->record.status, JobStatus::Pending);
    EXPECT_EQ(arena->loadRequest(refs[at]), "request");
    EXPECT_EQ(arena->gauges().blocksFree, before.blocksFree);
}

TEST_F(RoomTest, ACommitMakesRoomToo) {
    const std::vector<JobRef> refs = fill(std::string(5000, 'r'));
    for (std::size_t at = 1; at < refs.size(); ++at) {
        finish(refs[at]);
    }
    std::uint64_t evicted = 0;
    for (std::uint64_t number = 1; evicted == 0; ++number) {
        const JobRef ref = accept(number, 1, std::string(5000, 'r'));
        ASSERT_EQ(arena->commit(ref, {finishedRecord(), std::string(16000, 'x')}, 1), Commit::Done);
        evicted = arena->gauges().evicted;
    }
    EXPECT_FALSE(exists(1001, 1));
    EXPECT_TRUE(arena->load(refs[0]));
}

TEST_F(RoomTest, NothingLeaksOverManyLives) {
    for (std::uint64_t number = 1; number < 3000; ++number) {
        const JobRef ref =
            accept(number, number, std::string(number % 3000, 'r'), std::string(number % 700, 'b'));
        arena->commit(ref, {recordOf(JobStatus::Running), std::string(number % 1500, 'c')}, number);
        finish(ref, number);
        if (number % 5 == 0) {
            arena->expire(number, 2);
        }
    }
    EXPECT_GT(arena->gauges().evicted, 0u);
    arena->expire(5000, 1000);
    const ArenaGauges gauges = arena->gauges();
    EXPECT_EQ(gauges.slotsFree, gauges.slots);
    EXPECT_EQ(gauges.blocksFree, gauges.blocks);
    EXPECT_EQ(gauges.live + gauges.finished, 0u);
    EXPECT_EQ(gauges.accepted, 2999u);
    EXPECT_EQ(gauges.expired + gauges.evicted, 2999u);
    EXPECT_EQ(gauges.repairs, 0u);
}

}  // namespace

}  // namespace edgerun::store
