#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "edgerun/store/job_arena.h"
#include "store_arena_fixture.h"

namespace edgerun::store {

namespace {

using run::JobStatus;
using run::Phase;
using Commit = JobArena::Commit;

class WorkersTest : public ArenaTest {
protected:
    std::vector<JobRef> adopt(const WorkerPlace& by, std::uint64_t now, std::size_t most = 100) {
        std::vector<JobRef> taken;
        arena->adopt(by, now, cursor, most, taken);
        return taken;
    }

    std::uint32_t cursor = 0;
};

TEST_F(WorkersTest, AWorkersPlaceIsItsOwnUntilItGivesItBack) {
    EXPECT_TRUE(arena->renewWorker(place, 2000));
    EXPECT_FALSE(arena->renewWorker({place.index, place.nonce + 1}, 2000));
    EXPECT_FALSE(arena->renewWorker({1000, place.nonce}, 2000));
    arena->releaseWorker(place);
    EXPECT_FALSE(arena->renewWorker(place, 2000));
    EXPECT_EQ(tryAccept(1).status, AcceptStatus::NoOwner);
}

TEST_F(WorkersTest, NoncesNeverRepeat) {
    std::set<std::uint64_t> seen{place.nonce};
    for (int round = 0; round < 300; ++round) {
        const auto next = arena->registerWorker(getpid(), 1000);
        ASSERT_TRUE(next);
        EXPECT_TRUE(seen.insert(next->nonce).second);
        arena->releaseWorker(*next);
    }
}

TEST_F(WorkersTest, ThereAre128Places) {
    for (int taken = 1; taken < 128; ++taken) {
        ASSERT_TRUE(arena->registerWorker(getpid(), 1000)) << taken;
    }
    EXPECT_EQ(arena->gauges().workers, 128u);
    EXPECT_FALSE(arena->registerWorker(getpid(), 1000));
    arena->releaseWorker(place);
    EXPECT_TRUE(arena->registerWorker(getpid(), 1000));
}

TEST_F(WorkersTest, PlacesOfDeadProcessesAreFoundWhenAllAreTaken) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    waitpid(child, nullptr, 0);
    ASSERT_TRUE(arena->renewWorker(place, 1000));
    for (int taken = 1; taken < 128; ++taken) {
        ASSERT_TRUE(arena->registerWorker(child, 1000));
    }
    EXPECT_TRUE(arena->registerWorker(getpid(), 1000));
    EXPECT_EQ(arena->gauges().workers, 2u);
}

TEST_F(WorkersTest, JobsOfALivingWorkerAreLeftAlone) {
    accept(1);
    const WorkerPlace other = *arena->registerWorker(getpid(), 1000);
    EXPECT_TRUE(adopt(other, 1000).empty());
    ASSERT_TRUE(arena->renewWorker(place, 3000));
    EXPECT_TRUE(adopt(other, 2000).empty());
}

TEST_F(WorkersTest, AReleasedWorkersJobsAreAdoptedAtOnce) {
    const JobRef ref = accept(1);
    const WorkerPlace other = *arena->registerWorker(getpid(), 1000);
    arena->releaseWorker(place);
    const std::vector<JobRef> taken = adopt(other, 0);
    ASSERT_EQ(taken.size(), 1u);
    EXPECT_EQ(taken[0].slot, ref.slot);
    EXPECT_EQ(taken[0].fence, ref.fence + 1);
    EXPECT_EQ(arena->idOf(taken[0]), idNumber(1));
    EXPECT_EQ(arena->loadRequest(taken[0]), "request");
    EXPECT_EQ(arena->commit(taken[0], {finishedRecord(), "answer"}, 0), Commit::Done);
}

TEST_F(WorkersTest, AWorkerThatSleptPastItsDeadlineHasLostItsJobs) {
    const JobRef ref = accept(1);
    const WorkerPlace other = *arena->registerWorker(getpid(), 9000);
    const std::vector<JobRef> taken = adopt(other, 1001);
    ASSERT_EQ(taken.size(), 1u);
    EXPECT_FALSE(arena->renewWorker(place, 9000));
    EXPECT_EQ(arena->commit(ref, {finishedRecord(), "late"}, 1002), Commit::Lost);
    EXPECT_FALSE(arena->load(ref));
    EXPECT_EQ(tryAccept(2).status, AcceptStatus::NoOwner);
    EXPECT_EQ(arena->commit(taken[0], {finishedRecord(), "answer"}, 1003), Commit::Done);
    view(1, 1003);
    EXPECT_EQ(body, "answer");
}

TEST_F(WorkersTest, ACommitIsLostAsSoonAsThePlaceIsEvenIfNobodyTookTheJob) {
    const JobRef ref = accept(1);
    arena->releaseWorker(place);
    EXPECT_EQ(arena->commit(ref, {finishedRecord(), "late"}, 0), Commit::Lost);
    const WorkerPlace next = *arena->registerWorker(getpid(), 9000);
    EXPECT_EQ(next.index, place.index);
    EXPECT_EQ(arena->commit(ref, {finishedRecord(), "late"}, 0), Commit::Lost);
    EXPECT_EQ(adopt(next, 0).size(), 1u);
}

TEST_F(WorkersTest, AWorkerThatIsLateItselfKeepsItsPlaceIfNobodyTookIt) {
    const JobRef ref = accept(1);
    EXPECT_TRUE(adopt(place, 5000).empty());
    EXPECT_TRUE(arena->renewWorker(place, 6000));
    EXPECT_EQ(arena->commit(ref, {finishedRecord(), "answer"}, 5000), Commit::Done);
}

TEST_F(WorkersTest, AWorkerWithoutAPlaceAdoptsNothing) {
    accept(1);
    arena->releaseWorker(place);
    EXPECT_TRUE(adopt(place, 0).empty());
}

TEST_F(WorkersTest, OnlyLiveJobsAreAdopted) {
    finish(accept(1));
    const JobRef cleaning = accept(2);
    ASSERT_EQ(arena->commit(cleaning, {recordOf(JobStatus::Failed, Phase::CancelRun), "b"}, 0),
              Commit::Done);
    arena->releaseWorker(place);
    const std::vector<JobRef> taken = adopt(*arena->registerWorker(getpid(), 9000), 0);
    ASSERT_EQ(taken.size(), 1u);
    EXPECT_EQ(taken[0].slot, cleaning.slot);
}

TEST_F(WorkersTest, AdoptionTakesNoMoreThanAskedForAndGoesOnLater) {
    for (std::uint64_t number = 0; number < 10; ++number) {
        accept(number);
    }
    arena->releaseWorker(place);
    const WorkerPlace other = *arena->registerWorker(getpid(), 9000);
    EXPECT_TRUE(adopt(other, 0, 0).empty());
    EXPECT_EQ(adopt(other, 0, 4).size(), 4u);
    EXPECT_EQ(adopt(other, 0, 4).size(), 4u);
    EXPECT_EQ(adopt(other, 0, 4).size(), 2u);
    EXPECT_EQ(adopt(other, 0, 4).size(), 0u);
}

TEST_F(WorkersTest, AReleasedJobIsAdoptedWhileItsWorkerLivesOn) {
    const JobRef ref = accept(1);
    const JobRef kept = accept(2);
    const WorkerPlace other = *arena->registerWorker(getpid(), 1000);
    EXPECT_TRUE(adopt(other, 0).empty());
    arena->release(ref);
    EXPECT_FALSE(arena->load(ref));
    EXPECT_EQ(arena->commit(ref, {finishedRecord(), "late"}, 0), Commit::Lost);
    const std::vector<JobRef> taken = adopt(other, 0);
    ASSERT_EQ(taken.size(), 1u);
    EXPECT_EQ(arena->idOf(taken[0]), idNumber(1));
    EXPECT_TRUE(arena->load(kept));
}

TEST_F(WorkersTest, NobodyCanReleaseWhatIsNotTheirs) {
    const JobRef ref = accept(1);
    arena->releaseWorker(place);
    const WorkerPlace other = *arena->registerWorker(getpid(), 1000);
    const std::vector<JobRef> taken = adopt(other, 0);
    ASSERT_EQ(taken.size(), 1u);
    arena->release(ref);
    EXPECT_TRUE(arena->load(taken[0]));
    finish(taken[0]);
    arena->release(taken[0]);
    EXPECT_EQ(arena->gauges().live, 0u);
}

TEST_F(WorkersTest, AdoptionAddsToWhatIsThere) {
    accept(1);
    arena->releaseWorker(place);
    std::vector<JobRef> taken(3);
    arena->adopt(*arena->registerWorker(getpid(), 9000), 0, cursor, 10, taken);
    EXPECT_EQ(taken.size(), 4u);
}

/// More slots than one call looks at.
class ManySlotsTest : public WorkersTest {
protected:
    ManySlotsTest() {
        constexpr std::size_t kBytes = 24 << 20;
        large.emplace(kBytes);
        EXPECT_TRUE(JobArena::format(large->data(), kBytes, {1000, 4096}, testSecret()));
        arena = JobArena::attach(large->data(), kBytes, lock);
        place = *arena->registerWorker(getpid(), 1000);
        EXPECT_GT(arena->gauges().slots, 5000u);
    }

    std::set<std::uint32_t> adoptAll(const WorkerPlace& by, std::uint64_t now) {
        std::set<std::uint32_t> slots;
        for (int call = 0; call < 10; ++call) {
            for (const JobRef& ref : adopt(by, now, 10000)) {
                EXPECT_TRUE(slots.insert(ref.slot).second);
            }
        }
        return slots;
    }

    std::optional<ArenaMemory> large;
};

TEST_F(ManySlotsTest, ARoundReachesEverySlotWhereverTheCursorStands) {
    for (std::uint64_t number = 0; number < 5000; ++number) {
        accept(number);
    }
    WorkerPlace holder = place;
    for (const std::uint32_t start : {0u, 1u, 2047u, 2048u, 4999u, 5000u, UINT32_MAX}) {
        const WorkerPlace next = *arena->registerWorker(getpid(), 1000);
        arena->releaseWorker(holder);
        cursor = start;
        EXPECT_EQ(adoptAll(next, 0).size(), 5000u) << "from " << start;
        holder = next;
    }
}

TEST_F(ManySlotsTest, AnOrphanBehindTheCursorIsFoundByTheNextRound) {
    for (std::uint64_t number = 0; number < 2500; ++number) {
        accept(number);
    }
    const WorkerPlace second = *arena->registerWorker(getpid(), 1000);
    const WorkerPlace third = *arena->registerWorker(getpid(), 1000);
    arena->releaseWorker(place);
    EXPECT_EQ(adopt(second, 0, 1000).size(), 1000u);
    EXPECT_EQ(adopt(third, 0, 10000).size(), 1500u);
    arena->releaseWorker(second);
    EXPECT_EQ(adoptAll(third, 0).size(), 1000u);
}

TEST_F(ManySlotsTest, SlotsThatComeIntoUseDuringARoundHideNobody) {
    for (std::uint64_t number = 0; number < 3000; ++number) {
        accept(number);
    }
    const WorkerPlace second = *arena->registerWorker(getpid(), 1000);
    arena->releaseWorker(place);
    cursor = 1500;
    EXPECT_EQ(adopt(second, 0, 10).size(), 10u);
    place = second;
    for (std::uint64_t number = 3000; number < 5500; ++number) {
        accept(number);
    }
    EXPECT_EQ(adoptAll(second, 0).size(), 2990u);
}

TEST_F(ManySlotsTest, TheCursorRestsWhenThereIsNothingToLookAt) {
    for (std::uint64_t number = 0; number < 5000; ++number) {
        accept(number);
    }
    adoptAll(place, 0);
    const std::uint32_t resting = cursor;
    EXPECT_TRUE(adopt(place, 0).empty());
    EXPECT_EQ(cursor, resting);
}

}  // namespace

}  // namespace edgerun::store
