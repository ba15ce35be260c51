#include "edgerun/store/job_arena.h"

#include <gtest/gtest.h>

#include "store_arena_fixture.h"

namespace edgerun::store {

namespace {

using run::JobStatus;
using run::Phase;
using Commit = JobArena::Commit;

class JobArenaTest : public ArenaTest {};

std::string pattern(std::size_t length) {
    std::string text(length, '\0');
    for (std::size_t at = 0; at < length; ++at) {
        text[at] = static_cast<char>('a' + at % 23 + at / 1016 % 3);
    }
    return text;
}

// --- memory ---

TEST(ArenaMemoryTest, FormatRefusesWhatCannotHoldAJob) {
    ArenaMemory memory(JobArena::kMinimumBytes);
    const auto format = [&](std::size_t bytes, std::size_t maxBody) {
        return JobArena::format(memory.data(), bytes, {1000, maxBody}, testSecret());
    };
    EXPECT_TRUE(format(memory.size(), 4096));
    EXPECT_FALSE(format(memory.size() - 1, 4096));
    EXPECT_FALSE(format(memory.size(), 0));
    EXPECT_FALSE(format(memory.size(), 64 * 1024));
    EXPECT_FALSE(format(memory.size(), SIZE_MAX));
}

TEST(ArenaMemoryTest, AttachRefusesForeignMemoryAndOtherSizes) {
    SingleThreadLock lock;
    ArenaMemory memory(JobArena::kMinimumBytes);
    EXPECT_FALSE(JobArena::attach(memory.data(), memory.size(), lock));
    ASSERT_TRUE(JobArena::format(memory.data(), memory.size(), {1000, 4096}, testSecret()));
    EXPECT_TRUE(JobArena::attach(memory.data(), memory.size(), lock));
    EXPECT_FALSE(JobArena::attach(memory.data(), memory.size() - 1024, lock));
    memory.data()[8] ^= 1;  // the layout's version
    EXPECT_FALSE(JobArena::attach(memory.data(), memory.size(), lock));
}

TEST_F(JobArenaTest, AttachingAgainFindsLimitsSecretAndJobs) {
    accept(1);
    arena = JobArena::attach(memory.data(), memory.size(), lock);
    ASSERT_TRUE(arena);
    EXPECT_EQ(arena->limits().ttl, 1000u);
    EXPECT_EQ(arena->limits().maxBody, 16u * 1024);
    EXPECT_EQ(arena->idSecret(), testSecret());
    EXPECT_TRUE(exists(1));
}

// --- reading ---

TEST_F(JobArenaTest, AnAcceptedJobIsRead) {
    accept(1, 100);
    const JobView job = view(1, 130);
    EXPECT_EQ(job.found, JobView::Found::Yes);
    EXPECT_EQ(body, "body");
    EXPECT_EQ(job.size, 4u);
    EXPECT_EQ(job.version, 1u);
    EXPECT_EQ(job.status, JobStatus::Pending);
    EXPECT_EQ(job.age, 30u);
}

TEST_F(JobArenaTest, ANowBeforeTheAcceptanceIsAgeZero) {
    accept(1, 100);
    EXPECT_EQ(view(1, 90).age, 0u);
}

TEST_F(JobArenaTest, NobodyElseFindsAJob) {
    accept(1);
    char buffer[64] = "untouched";
    JobOwner otherScope = ownerNumber(1);
    otherScope.scope = 9;
    for (const JobOwner& owner : {ownerNumber(2), otherScope}) {
        const JobView job = arena->read(idNumber(1), owner, 0, buffer, sizeof(buffer));
        EXPECT_EQ(job.found, JobView::Found::No);
        EXPECT_EQ(job.size, 0u);
        EXPECT_STREQ(buffer, "untouched");
    }
}

TEST_F(JobArenaTest, AnUnknownIdIsNotFound) {
    accept(1);
    EXPECT_FALSE(exists(2));
    JobId sameBucket = idNumber(1);
    sameBucket[0] = 1;
    char buffer[64];
    EXPECT_EQ(arena->read(sameBucket, ownerNumber(1), 0, buffer, 64).found, JobView::Found::No);
}

TEST_F(JobArenaTest, ATooSmallBufferIsToldTheSizeAndLeftAlone) {
    accept(1);
    char buffer[64] = "untouched";
    const JobView job = arena->read(idNumber(1), ownerNumber(1), 0, buffer, 3);
    EXPECT_EQ(job.found, JobView::Found::BufferTooSmall);
    EXPECT_EQ(job.size, 4u);
    EXPECT_EQ(job.version, 1u);
    EXPECT_STREQ(buffer, "untouched");
}

TEST_F(JobArenaTest, BodiesAndRequestsOfAnySizeComeBackWhole) {
    std::uint64_t number = 0;
    for (const std::size_t size : {0, 1, 1015, 1016, 1017, 2032, 2033, 16 * 1024}) {
        const JobRef ref = accept(++number, 0, pattern(size), pattern(size));
        EXPECT_EQ(view(number).found, JobView::Found::Yes) << size;
        EXPECT_EQ(body, pattern(size));
        EXPECT_EQ(arena->loadRequest(ref), pattern(size)) << size;
    }
}

TEST_F(JobArenaTest, MoreThanTheLimitIsTooLarge) {
    const std::string large = pattern(16 * 1024 + 1);
    EXPECT_EQ(tryAccept(1, 0, "", large).status, AcceptStatus::TooLarge);
    EXPECT_EQ(arena->commit(accept(1), {run::Record{}, large}, 0), Commit::Full);
    EXPECT_TRUE(exists(1));
    EXPECT_EQ(body, "body");
}

class LongRequestTest : public ArenaTest {
protected:
    LongRequestTest() : ArenaTest(256 * 1024, {1000, 2000, 100'000}) {}
};

TEST_F(LongRequestTest, ARequestMayBeLongerThanABody) {
    const JobRef ref = accept(1, 0, pattern(100'000));
    EXPECT_EQ(arena->loadRequest(ref), pattern(100'000));
    EXPECT_EQ(arena->commit(ref, {finishedRecord(), pattern(2000)}, 0), Commit::Done);
    EXPECT_EQ(arena->gauges().repairs, 0u);
}

TEST_F(LongRequestTest, ARequestHasALimitOfItsOwn) {
    EXPECT_EQ(tryAccept(1, 0, pattern(100'001)).status, AcceptStatus::TooLarge);
}

TEST_F(JobArenaTest, ARequestThatNeverLeavesRoomForTheLargestBodyIsTooLarge) {
    const std::size_t blocks = arena->gauges().blocks - 16 * 1024 / 1016 - 1;
    EXPECT_EQ(tryAccept(1, 0, pattern(blocks * 1016)).status, AcceptStatus::TooLarge);
    const JobRef ref = accept(1, 0, pattern((blocks - 1) * 1016));
    EXPECT_EQ(arena->commit(ref, {finishedRecord(), pattern(16 * 1024)}, 0), Commit::Done);
}

TEST_F(JobArenaTest, ManyJobsInOneBucketAreAllFound) {
    for (std::uint64_t number = 0; number < 20; ++number) {
        accept(number << 32);
    }
    for (std::uint64_t number = 0; number < 20; ++number) {
        EXPECT_TRUE(exists(number << 32)) << number;
    }
}

// --- committing ---

TEST_F(JobArenaTest, ACommitReplacesRecordAndBody) {
    const JobRef ref = accept(1);
    run::Record record = recordOf(JobStatus::Running);
    record.polls = 7;
    record.version = 2;
    ASSERT_EQ(arena->commit(ref, {record, "new body"}, 10), Commit::Done);
    EXPECT_EQ(view(1).version, 2u);
    EXPECT_EQ(view(1).status, JobStatus::Running);
    EXPECT_EQ(body, "new body");
    EXPECT_EQ(arena->load(ref)->record.polls, 7u);
}

TEST_F(JobArenaTest, ACommitWithoutBodyKeepsTheBody) {
    const JobRef ref = accept(1);
    ASSERT_EQ(arena->commit(ref, {recordOf(JobStatus::Running)}, 10), Commit::Done);
    EXPECT_EQ(view(1).status, JobStatus::Running);
    EXPECT_EQ(body, "body");
}

TEST_F(JobArenaTest, StatusesOnlyMoveForward) {
    const struct {
        JobStatus from, to;
        Commit expected;
    } moves[] = {
        {JobStatus::Pending, JobStatus::Pending, Commit::Done},
        {JobStatus::Pending, JobStatus::Running, Commit::Done},
        {JobStatus::Pending, JobStatus::RequiresAction, Commit::Done},
        {JobStatus::Pending, JobStatus::Failed, Commit::Done},
        {JobStatus::Running, JobStatus::Pending, Commit::Lost},
        {JobStatus::Running, JobStatus::RequiresAction, Commit::Done},
        {JobStatus::Running, JobStatus::Cancelled, Commit::Done},
        {JobStatus::RequiresAction, JobStatus::Running, Commit::Done},
        {JobStatus::RequiresAction, JobStatus::Pending, Commit::Lost},
        {JobStatus::Completed, JobStatus::Running, Commit::Lost},
        {JobStatus::Completed, JobStatus::Failed, Commit::Lost},
        {JobStatus::Failed, JobStatus::Completed, Commit::Lost},
        {JobStatus::Cancelled, JobStatus::Cancelled, Commit::Done},
    };
    std::uint64_t number = 0;
    for (const auto& move : moves) {
        const JobRef ref = accept(++number);
        ASSERT_EQ(arena->commit(ref, {recordOf(move.from)}, 0), Commit::Done);
        EXPECT_EQ(arena->commit(ref, {recordOf(move.to)}, 0), move.expected)
            << run::nameOf(move.from) << " -> " << run::nameOf(move.to);
    }
}

TEST_F(JobArenaTest, AFinalBodyIsThereToStay) {
    const JobRef ref = accept(1);
    const run::Record record = recordOf(JobStatus::Completed, Phase::DeleteThread);
    ASSERT_EQ(arena->commit(ref, {record, "answer"}, 0), Commit::Done);
    EXPECT_EQ(arena->commit(ref, {record, "other"}, 0), Commit::Lost);
    EXPECT_EQ(arena->commit(ref, {finishedRecord()}, 0), Commit::Done);
    EXPECT_TRUE(exists(1));
    EXPECT_EQ(body, "answer");
}

TEST_F(JobArenaTest, AFinalJobHasNoRequestAnyMore) {
    const std::uint32_t blocks = arena->gauges().blocksFree;
    const JobRef ref = accept(1, 0, pattern(5000));
    ASSERT_EQ(arena->commit(ref, {recordOf(JobStatus::Failed, Phase::CancelRun), "b"}, 0),
              Commit::Done);
    EXPECT_EQ(arena->loadRequest(ref), "");
    EXPECT_EQ(arena->gauges().blocksFree, blocks - 1);
}

TEST_F(JobArenaTest, ADoneJobHasNoOwner) {
    const JobRef ref = accept(1);
    finish(ref);
    EXPECT_EQ(arena->commit(ref, {finishedRecord()}, 0), Commit::Lost);
    EXPECT_FALSE(arena->load(ref));
    EXPECT_FALSE(arena->idOf(ref));
    EXPECT_FALSE(arena->loadRequest(ref));
}

TEST_F(JobArenaTest, ARefOfAnEarlierJobInTheSlotIsLost) {
    const JobRef earlier = accept(1);
    finish(earlier);
    ASSERT_EQ(arena->expire(1000, 1), 1u);
    const JobRef later = accept(2);
    ASSERT_EQ(later.slot, earlier.slot);
    EXPECT_EQ(arena->commit(earlier, {recordOf(JobStatus::Running), "x"}, 0), Commit::Lost);
    EXPECT_FALSE(arena->load(earlier));
    EXPECT_EQ(arena->idOf(later), idNumber(2));
}

TEST_F(JobArenaTest, AnInventedRefIsLost) {
    const JobRef ref = accept(1);
    for (const JobRef& bad : {JobRef{UINT32_MAX, 0, 0}, JobRef{5, 0, 0},
                              JobRef{ref.slot, ref.generation, ref.fence + 1},
                              JobRef{ref.slot, ref.generation + 1, ref.fence}}) {
        EXPECT_EQ(arena->commit(bad, {run::Record{}, "x"}, 0), Commit::Lost);
        EXPECT_FALSE(arena->load(bad));
    }
    EXPECT_EQ(arena->gauges().repairs, 0u);
}

// --- expiry ---

TEST_F(JobArenaTest, TheTtlBeginsWhenTheJobBecomesFinal) {
    const JobRef ref = accept(1);
    ASSERT_EQ(arena->commit(ref, {recordOf(JobStatus::Completed, Phase::DeleteThread), "b"}, 500),
              Commit::Done);
    ASSERT_EQ(arena->commit(ref, {finishedRecord()}, 900), Commit::Done);
    EXPECT_TRUE(exists(1, 1499));
    EXPECT_FALSE(exists(1, 1500));
    EXPECT_EQ(arena->expire(1499, 9), 0u);
    EXPECT_EQ(arena->expire(1500, 9), 1u);
    EXPECT_EQ(arena->gauges().expired, 1u);
    EXPECT_EQ(arena->gauges().slotsFree, arena->gauges().slots);
    EXPECT_EQ(arena->gauges().blocksFree, arena->gauges().blocks);
}

TEST_F(JobArenaTest, AJobWithCleanUpLeftIsNotRemoved) {
    const JobRef ref = accept(1);
    ASSERT_EQ(arena->commit(ref, {recordOf(JobStatus::Failed, Phase::CancelRun), "b"}, 0),
              Commit::Done);
    EXPECT_EQ(arena->expire(5000, 9), 0u);
    EXPECT_FALSE(exists(1, 5000));
    EXPECT_TRUE(arena->load(ref));
}

TEST_F(JobArenaTest, ALiveJobNeverExpires) {
    accept(1);
    EXPECT_EQ(arena->expire(UINT64_MAX, 9), 0u);
    EXPECT_TRUE(exists(1, UINT64_MAX));
}

TEST_F(JobArenaTest, ExpiryIsBounded) {
    for (std::uint64_t number = 0; number < 5; ++number) {
        finish(accept(number));
    }
    EXPECT_EQ(arena->expire(1000, 3), 3u);
    EXPECT_EQ(arena->expire(1000, 3), 2u);
}

TEST(ArenaMemoryTest, AnEndlessTtlDoesNotWrapAround) {
    SingleThreadLock lock;
    ArenaMemory memory(JobArena::kMinimumBytes);
    ASSERT_TRUE(JobArena::format(memory.data(), memory.size(), {UINT64_MAX, 4096}, testSecret()));
    auto arena = JobArena::attach(memory.data(), memory.size(), lock);
    const auto place = arena->registerWorker(1, 1000);
    arena->accept(*place, {idNumber(1), ownerNumber(1), finishedRecord(), "", "body"}, 50);
    char buffer[8];
    EXPECT_EQ(arena->read(idNumber(1), ownerNumber(1), 1000, buffer, 8).found, JobView::Found::Yes);
}

TEST_F(JobArenaTest, AnOwnersOtherJobsStayFoundWhenOneGoes) {
    run::Record record = finishedRecord();
    for (const std::uint64_t number : {1, 2, 3}) {
        record.threadId.assign("thread_" + std::to_string(number));
        arena->accept(place, {idNumber(number), ownerNumber(1), record, "", "b"}, number * 100);
    }
    EXPECT_EQ(arena->expire(1100, 1), 1u);
    EXPECT_FALSE(arena->providerOfThread(ownerNumber(1), "thread_1").has_value());
    EXPECT_TRUE(arena->providerOfThread(ownerNumber(1), "thread_2").has_value());
    EXPECT_TRUE(arena->providerOfThread(ownerNumber(1), "thread_3").has_value());
}

}  // namespace

}  // namespace edgerun::store
