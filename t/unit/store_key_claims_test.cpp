#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edgerun/store/job_arena.h"
#include "store_jobs_fixture.h"

/// Keys whose jobs are about to be accepted.
namespace edgerun::store {

namespace {

class KeyClaimsTest : public JobsTest {
protected:
    std::optional<KnownJob> claim(const WorkerPlace& by, const IdempotencyKey& key,
                                  std::uint64_t now = 0) {
        return arena->claimKey(by, key, now);
    }

    bool isClaimed(const IdempotencyKey& key) {
        const auto known = claim(other, key);
        if (!known) {
            arena->releaseKey(other);
        }
        return known && known->isClaimed;
    }

    WorkerPlace other = otherPlace();
};

TEST_F(KeyClaimsTest, AKeyIsOneWorkersAtATime) {
    EXPECT_FALSE(claim(place, keyNumber(1)));
    EXPECT_TRUE(isClaimed(keyNumber(1)));
    EXPECT_FALSE(isClaimed(keyNumber(2)));
    arena->releaseKey(place);
    EXPECT_FALSE(isClaimed(keyNumber(1)));
}

TEST_F(KeyClaimsTest, AnotherRequestWithTheKeyWaitsToo) {
    EXPECT_FALSE(claim(place, keyNumber(1, 10)));
    EXPECT_TRUE(isClaimed(keyNumber(1, 11)));
}

TEST_F(KeyClaimsTest, AClaimIsNoJob) {
    EXPECT_FALSE(claim(place, keyNumber(1)));
    EXPECT_FALSE(arena->findKey(keyNumber(1), 0));
    EXPECT_FALSE(isSeen(1));
}

TEST_F(KeyClaimsTest, AJobIsToldRatherThanAClaim) {
    EXPECT_FALSE(claim(place, keyNumber(1, 10)));
    Asked job = keyed(1, keyNumber(1, 10));
    job.isHidden = true;
    take(job);
    for (const WorkerPlace& by : {place, other}) {
        const auto known = claim(by, keyNumber(1, 11));
        ASSERT_TRUE(known);
        EXPECT_FALSE(known->isClaimed);
        EXPECT_EQ(known->id, idAt(1));
        EXPECT_TRUE(known->isHidden);
        EXPECT_FALSE(known->isSameRequest);
    }
}

TEST_F(KeyClaimsTest, AKeyThatIsAJobsIsNotClaimed) {
    const JobRef ref = take(keyed(1, keyNumber(1)));
    EXPECT_TRUE(claim(place, keyNumber(1)));
    commit(ref, erasedRecord(run::Phase::Done));
    EXPECT_FALSE(isClaimed(keyNumber(1)));
}

TEST_F(KeyClaimsTest, AKeyIsFreeToClaimWhenItsJobIsPastItsTtl) {
    finish(take(keyed(1, keyNumber(1))));
    EXPECT_TRUE(claim(place, keyNumber(1), 999));
    EXPECT_FALSE(claim(place, keyNumber(1), 1000));
}

TEST_F(KeyClaimsTest, OnlyWhoHasAClaimReleasesIt) {
    EXPECT_FALSE(claim(place, keyNumber(1)));
    arena->releaseKey(other);
    arena->releaseKey({place.index, place.nonce + 1});
    EXPECT_TRUE(isClaimed(keyNumber(1)));
}

TEST_F(KeyClaimsTest, AWorkerIsNotInItsOwnWay) {
    EXPECT_FALSE(claim(place, keyNumber(1)));
    EXPECT_FALSE(claim(place, keyNumber(1)));
    EXPECT_FALSE(claim(place, keyNumber(2)));
    EXPECT_FALSE(isClaimed(keyNumber(1)));
    EXPECT_TRUE(isClaimed(keyNumber(2)));
}

TEST_F(KeyClaimsTest, AClaimEndsWithItsPlace) {
    EXPECT_FALSE(claim(place, keyNumber(1)));
    arena->releaseWorker(place);
    EXPECT_FALSE(isClaimed(keyNumber(1)));

    const WorkerPlace next = otherPlace();
    EXPECT_EQ(next.index, place.index);
    EXPECT_FALSE(isClaimed(keyNumber(1))) << "who gets the place has not claimed it";
}

TEST_F(KeyClaimsTest, WhoLostThePlaceClaimsNothing) {
    arena->releaseWorker(place);
    EXPECT_FALSE(claim(place, keyNumber(1)));
    EXPECT_FALSE(isClaimed(keyNumber(1)));

    const WorkerPlace next = otherPlace();
    ASSERT_EQ(next.index, place.index);
    EXPECT_FALSE(claim(place, keyNumber(1)));
    EXPECT_FALSE(isClaimed(keyNumber(1)));
    EXPECT_FALSE(claim(next, keyNumber(2)));
    arena->releaseKey(place);
    EXPECT_TRUE(isClaimed(keyNumber(2)));
}

TEST_F(KeyClaimsTest, TheDeadClaimNothingOnceTheirPlacesAreLookedAt) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    waitpid(child, nullptr, 0);
    EXPECT_FALSE(claim(*arena->registerWorker(child, 1'000'000), keyNumber(1)));
    EXPECT_TRUE(isClaimed(keyNumber(1)));
    adoptAll(other);
    EXPECT_FALSE(isClaimed(keyNumber(1)));
}

}  // namespace

}  // namespace edgerun::store
