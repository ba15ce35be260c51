#include <gtest/gtest.h>

#include "edgerun/store/job_arena.h"
#include "store_jobs_fixture.h"

/// What accept() refuses because of other jobs: the same key, too many running.
namespace edgerun::store {

namespace {

using run::JobStatus;
using run::Phase;

class IdempotencyTest : public JobsTest {
protected:
    bool isKnown(std::uint64_t number, std::uint64_t now = 0) {
        return arena->findKey(keyNumber(number), now).has_value();
    }
};

// --- keys ---

TEST_F(IdempotencyTest, AJobIsFoundByItsKey) {
    EXPECT_FALSE(isKnown(1));
    take(keyed(1, keyNumber(1)));
    const std::optional<KnownJob> known = arena->findKey(keyNumber(1), 0);
    ASSERT_TRUE(known);
    EXPECT_EQ(known->id, idAt(1));
    EXPECT_TRUE(known->isSameRequest);
    EXPECT_FALSE(known->isHidden);
    EXPECT_FALSE(isKnown(2));
}

TEST_F(IdempotencyTest, AnotherRequestWithTheSameKeyIsToldApart) {
    take(keyed(1, keyNumber(1, 10)));
    EXPECT_FALSE(arena->findKey(keyNumber(1, 11), 0)->isSameRequest);
    IdempotencyKey lastByte = keyNumber(1, 10);
    lastByte.fingerprint[15] = 1;
    EXPECT_FALSE(arena->findKey(lastByte, 0)->isSameRequest);
    EXPECT_TRUE(arena->findKey(keyNumber(1, 10), 0)->isSameRequest);
}

TEST_F(IdempotencyTest, ASecondJobWithTheSameKeyIsNotAccepted) {
    take(keyed(1, keyNumber(1, 10)));
    const ArenaGauges before = arena->gauges();
    const Accepted same = ask(keyed(2, keyNumber(1, 10)));
    EXPECT_EQ(same.status, AcceptStatus::KnownKey);
    EXPECT_EQ(same.known.id, idAt(1));
    EXPECT_TRUE(same.known.isSameRequest);
    EXPECT_FALSE(same.known.isHidden);
    const Accepted other = ask(keyed(3, keyNumber(1, 11)));
    EXPECT_EQ(other.status, AcceptStatus::KnownKey);
    EXPECT_EQ(other.known.id, idAt(1));
    EXPECT_FALSE(other.known.isSameRequest);
    EXPECT_EQ(arena->gauges().slotsFree, before.slotsFree);
    EXPECT_EQ(arena->gauges().blocksFree, before.blocksFree);
    EXPECT_FALSE(isSeen(2));
}

TEST_F(IdempotencyTest, AKeyThatIsAllZeroIsNone) {
    take(keyed(1, IdempotencyKey{}));
    take(keyed(2, IdempotencyKey{}));
    EXPECT_FALSE(arena->findKey(IdempotencyKey{}, 0));
}

TEST_F(IdempotencyTest, AHiddenJobHasItsKeyAlready) {
    Asked job = hidden(1);
    job.key = keyNumber(1);
    const JobRef ref = take(job);
    EXPECT_TRUE(arena->findKey(keyNumber(1), 0)->isHidden);
    const Accepted second = ask(keyed(2, keyNumber(1)));
    EXPECT_EQ(second.status, AcceptStatus::KnownKey);
    EXPECT_TRUE(second.known.isHidden);
    arena->publish(ref);
    EXPECT_FALSE(arena->findKey(keyNumber(1), 0)->isHidden);
}

TEST_F(IdempotencyTest, AKeyIsFreeAgainWhenItsJobWasWithdrawn) {
    Asked job = hidden(1);
    job.key = keyNumber(1);
    arena->withdraw(take(job));
    EXPECT_FALSE(isKnown(1));
    take(keyed(2, keyNumber(1)));
    EXPECT_EQ(arena->findKey(keyNumber(1), 0)->id, idAt(2));
}

TEST_F(IdempotencyTest, AKeyIsKnownThroughAllOfItsJobsLife) {
    const JobRef ref = take(keyed(1, keyNumber(1)));
    commit(ref, recordOf(JobStatus::Running), "running");
    EXPECT_TRUE(isKnown(1));
    commit(ref, cancelledRecord(), "cancelled");
    EXPECT_TRUE(isKnown(1));
    commit(ref, cancelledRecord(Phase::Done));
    EXPECT_TRUE(isKnown(1, 999));
}

TEST_F(IdempotencyTest, AKeyIsFreeAgainWhenItsJobIsPastItsTtl) {
    finish(take(keyed(1, keyNumber(1))));
    EXPECT_TRUE(isKnown(1, 999));
    EXPECT_FALSE(isKnown(1, 1000));
    take(keyed(2, keyNumber(1)), 1000);
    EXPECT_EQ(arena->findKey(keyNumber(1), 1000)->id, idAt(2));
}

TEST_F(IdempotencyTest, TheSecondJobKeepsItsKeyWhenTheFirstOneExpires) {
    finish(take(keyed(1, keyNumber(1))));
    take(keyed(2, keyNumber(1)), 1000);
    EXPECT_EQ(arena->expire(1000, 10), 1u);
    ASSERT_TRUE(isKnown(1, 1000));
    EXPECT_EQ(arena->findKey(keyNumber(1), 1000)->id, idAt(2));
    EXPECT_EQ(ask(keyed(3, keyNumber(1)), 1000).status, AcceptStatus::KnownKey);
}

TEST_F(IdempotencyTest, AKeyIsFreeAgainWhenItsJobExpired) {
    finish(take(keyed(1, keyNumber(1))));
    EXPECT_EQ(arena->expire(1000, 10), 1u);
    EXPECT_FALSE(isKnown(1, 0));
    take(keyed(2, keyNumber(1)));
}

TEST_F(IdempotencyTest, AKeyIsFreeAgainWhenItsJobIsErased) {
    const JobRef ref = take(keyed(1, keyNumber(1)));
    commit(ref, erasedRecord());
    EXPECT_FALSE(isKnown(1));
    take(keyed(2, keyNumber(1)));
    EXPECT_EQ(arena->findKey(keyNumber(1), 0)->id, idAt(2));
    commit(ref, erasedRecord(Phase::Done));
    EXPECT_EQ(arena->findKey(keyNumber(1), 0)->id, idAt(2));
}

TEST_F(IdempotencyTest, AKeyIsFreeAgainWhenItsJobMadeRoom) {
    finish(take(keyed(1, keyNumber(1))));
    std::uint64_t time = 1;
    while (ask(Asked(++time)).status == AcceptStatus::Accepted) {
    }
    EXPECT_FALSE(isSeen(1));
    EXPECT_FALSE(isKnown(1));
}

TEST_F(IdempotencyTest, ManyKeysInAFullArenaAreAllFoundWhateverIsRemoved) {
    std::vector<JobRef> refs;
    for (std::uint64_t time = 0; time < 10'000; ++time) {
        const Accepted next = ask(keyed(time, keyNumber(time * 0x10001)));
        if (next.status != AcceptStatus::Accepted) {
            break;
        }
        refs.push_back(next.ref);
    }
    ASSERT_GT(refs.size(), 20u);
    for (std::uint64_t time = 0; time < refs.size(); ++time) {
        ASSERT_TRUE(isKnown(time * 0x10001)) << time;
        EXPECT_EQ(arena->findKey(keyNumber(time * 0x10001), 0)->id, idAt(time));
    }
    for (std::uint64_t time = 0; time < refs.size(); time += 3) {
        commit(refs[time], erasedRecord(Phase::Done));
    }
    for (std::uint64_t time = 0; time < refs.size(); ++time) {
        EXPECT_EQ(isKnown(time * 0x10001), time % 3 != 0) << time;
    }
}

/// They differ in one byte each, wherever that is.
TEST_F(IdempotencyTest, KeysThatDifferInOneByteOnlyAreTwo) {
    for (std::size_t at = 0; at < 16; ++at) {
        IdempotencyKey key = keyNumber(1);
        key.digest[at] ^= 0x80;
        take(keyed(at, key));
    }
    EXPECT_FALSE(isKnown(1));
    for (std::size_t at = 0; at < 16; ++at) {
        IdempotencyKey key = keyNumber(1);
        key.digest[at] ^= 0x80;
        ASSERT_TRUE(arena->findKey(key, 0));
        EXPECT_EQ(arena->findKey(key, 0)->id, idAt(at));
    }
}

// --- so many running ---

class MaxRunningTest : public JobsTest {
protected:
    static Asked atMost(std::uint32_t most, std::uint64_t time, std::uint64_t owner = 1) {
        Asked job(time);
        job.owner = ownerNumber(owner);
        job.maxRunning = most;
        return job;
    }

    AcceptStatus tryAtMost(std::uint32_t most, std::uint64_t time, std::uint64_t owner = 1) {
        return ask(atMost(most, time, owner)).status;
    }
};

TEST_F(MaxRunningTest, TheLimitIsExact) {
    take(atMost(3, 1));
    take(atMost(3, 2));
    take(atMost(3, 3));
    const ArenaGauges before = arena->gauges();
    EXPECT_EQ(tryAtMost(3, 4), AcceptStatus::TooManyRunning);
    EXPECT_FALSE(isSeen(4));
    EXPECT_EQ(arena->gauges().slotsFree, before.slotsFree);
    take(atMost(4, 4));
    take(atMost(0, 5));
    EXPECT_EQ(tryAtMost(1, 6), AcceptStatus::TooManyRunning);
}

TEST_F(MaxRunningTest, AFinalJobCountsNoMoreEvenWhileItIsCleanedUp) {
    const JobRef ref = take(atMost(1, 1));
    commit(ref, recordOf(JobStatus::Running), "running");
    EXPECT_EQ(tryAtMost(1, 2), AcceptStatus::TooManyRunning);
    commit(ref, recordOf(JobStatus::RequiresAction), "requires action");
    EXPECT_EQ(tryAtMost(1, 2), AcceptStatus::TooManyRunning);
    commit(ref, cancelledRecord(), "cancelled");
    take(atMost(1, 2));
}

TEST_F(MaxRunningTest, AHiddenJobCounts) {
    Asked job = atMost(1, 1);
    job.isHidden = true;
    const JobRef ref = take(job);
    EXPECT_EQ(tryAtMost(1, 2), AcceptStatus::TooManyRunning);
    arena->withdraw(ref);
    take(atMost(1, 2));
}

TEST_F(MaxRunningTest, AnErasedJobCountsNoMore) {
    commit(take(atMost(1, 1)), erasedRecord());
    take(atMost(1, 2));
}

TEST_F(MaxRunningTest, OtherOwnersCountForThemselves) {
    for (std::uint64_t owner = 1; owner <= 30; ++owner) {
        take(atMost(2, owner * 10, owner));
        take(atMost(2, owner * 10 + 1, owner));
        EXPECT_EQ(tryAtMost(2, owner * 10 + 2, owner), AcceptStatus::TooManyRunning);
    }
    Asked otherScope = atMost(2, 1000);
    otherScope.owner.scope = 9;
    take(otherScope);
}

TEST_F(MaxRunningTest, AnOrphanGoesOnCounting) {
    take(atMost(1, 1));
    const WorkerPlace other = otherPlace();
    arena->releaseWorker(place);
    place = other;
    EXPECT_EQ(tryAtMost(1, 2), AcceptStatus::TooManyRunning);
    ASSERT_EQ(adoptAll(other).size(), 1u);
    EXPECT_EQ(tryAtMost(1, 2), AcceptStatus::TooManyRunning);
}

TEST_F(MaxRunningTest, AKnownKeyIsToldBeforeTheLimitAndABusyThread) {
    Asked job = atMost(1, 1);
    job.key = keyNumber(1);
    job.record.threadId.assign("thread_1");
    take(job);
    job.id = idAt(2);
    EXPECT_EQ(ask(job).status, AcceptStatus::KnownKey);
}

/// With room for thousands of jobs.
class ManyJobsTest : public MaxRunningTest {
protected:
    ManyJobsTest() {
        constexpr std::size_t kBytes = 24 << 20;
        large.emplace(kBytes);
        EXPECT_TRUE(JobArena::format(large->data(), kBytes, {1000, 4096}, testSecret()));
        arena = JobArena::attach(large->data(), kBytes, lock);
        place = *arena->registerWorker(1, 1000);
    }

    std::optional<ArenaMemory> large;
};

TEST_F(ManyJobsTest, ThousandsOfFinishedJobsCountForNothing) {
    const JobRef oldest = take(atMost(2, 1));
    for (std::uint64_t time = 2; time < 4000; ++time) {
        finish(take(atMost(2, time)));
    }
    take(atMost(2, 4000));
    EXPECT_EQ(tryAtMost(2, 4001), AcceptStatus::TooManyRunning);
    finish(oldest);
    take(atMost(2, 4001));
    EXPECT_EQ(tryAtMost(2, 4002), AcceptStatus::TooManyRunning);
}

TEST_F(ManyJobsTest, ALimitOfThousandsIsExactToo) {
    constexpr std::uint32_t kLimit = 5000;
    for (std::uint64_t time = 1; time <= kLimit; ++time) {
        ASSERT_EQ(tryAtMost(kLimit, time), AcceptStatus::Accepted) << time;
    }
    EXPECT_EQ(tryAtMost(kLimit, kLimit + 1), AcceptStatus::TooManyRunning);
}

TEST_F(ManyJobsTest, JobsThatAreCleanedUpHideNoneThatRuns) {
    take(atMost(1, 1));
    for (std::uint64_t time = 2; time < 5000; ++time) {
        commit(take(Asked(time)), cancelledRecord(), "cancelled");
    }
    EXPECT_EQ(tryAtMost(1, 5000), AcceptStatus::TooManyRunning);
}

/// So many owners that several share what they are found by.
TEST_F(ManyJobsTest, OwnersThatComeAndGoDoNotDisturbOthers) {
    constexpr std::uint64_t kOwners = 2000;
    std::vector<JobRef> first;
    for (std::uint64_t owner = 0; owner < kOwners; ++owner) {
        first.push_back(take(atMost(2, owner, owner)));
        take(atMost(2, 10'000 + owner, owner));
    }
    for (std::uint64_t owner = 0; owner < kOwners; owner += 2) {
        commit(first[owner], erasedRecord(Phase::Done));
    }
    for (std::uint64_t owner = 0; owner < kOwners; ++owner) {
        EXPECT_EQ(tryAtMost(owner % 2 == 0 ? 1 : 2, 20'000 + owner, owner),
                  AcceptStatus::TooManyRunning)
            << "owner " << owner;
    }
    for (std::uint64_t owner = 0; owner < kOwners; owner += 2) {
        take(atMost(2, 30'000 + owner, owner));
    }
}

}  // namespace

}  // namespace edgerun::store
