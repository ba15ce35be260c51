#include <gtest/gtest.h>

#include "edgerun/store/job_arena.h"
#include "store_index_check.h"
#include "store_jobs_fixture.h"

/// What a commit writes beside the record: the client's JSON with its steps, and the request.
namespace edgerun::store {

namespace {

using run::JobStatus;
using run::Phase;
using Commit = JobArena::Commit;

constexpr std::string_view kPlain = R"({"id":1)";
constexpr std::string_view kWithSteps = R"({"id":1,"steps":[{}]})";
constexpr auto kStepsAt = static_cast<std::uint32_t>(kPlain.size());

run::Record keeping(run::Record record) {
    record.keepsRequest = true;
    return record;
}

run::Record running() {
    return recordOf(JobStatus::Running);
}

class JobTextsTest : public JobsTest {
protected:
    void commitSteps(const JobRef& ref, const run::Record& record, std::string_view text,
                     std::uint32_t stepsAt) {
        ASSERT_EQ(arena->commit(ref, {record, text, stepsAt}, 0), Commit::Done);
    }

    void commitRequest(const JobRef& ref, const run::Record& record, std::string_view request) {
        ASSERT_EQ(arena->commit(ref, {record, std::nullopt, 0, request}, 0), Commit::Done);
    }

    std::string read(std::uint64_t time, Steps steps) {
        char buffer[32 * 1024];
        const JobView job =
            arena->read(idAt(time), ownerNumber(1), 0, buffer, sizeof(buffer), steps);
        return job.found == JobView::Found::Yes ? std::string(buffer, job.size) : "none";
    }

    std::string requestOf(std::uint64_t time) { return arena->snapshot(idAt(time))->request; }

    std::uint32_t blocksUsed() {
        const ArenaGauges gauges = arena->gauges();
        return gauges.blocks - gauges.blocksFree;
    }

    void expectSound() { IndexCheck(memory.data(), memory.size(), *arena).expectSound(); }
};

// --- steps ---

TEST_F(JobTextsTest, StepsAreReadOnlyOnDemand) {
    const JobRef ref = take(Asked(1));
    commitSteps(ref, running(), kWithSteps, kStepsAt);
    EXPECT_EQ(read(1, Steps::Without), std::string(kPlain) + "}");
    EXPECT_EQ(read(1, Steps::With), kWithSteps);
    EXPECT_EQ(arena->snapshot(idAt(1))->stepsAt, kStepsAt);
}

TEST_F(JobTextsTest, StepsMayBeginAnywhere) {
    const JobRef ref = take(Asked(1));
    for (const std::uint32_t at : {1, 1015, 1016, 1017, 2032, 2999}) {
        const std::string text = std::string(at, 'x') + std::string(3000 - at, 's');
        commitSteps(ref, running(), text, at);
        EXPECT_EQ(read(1, Steps::Without), std::string(at, 'x') + "}") << at;
        EXPECT_EQ(read(1, Steps::With), text) << at;
    }
}

TEST_F(JobTextsTest, WithoutStepsABodyIsReadWhole) {
    const JobRef ref = take(Asked(1));
    EXPECT_EQ(read(1, Steps::Without), "body");
    commitSteps(ref, running(), kWithSteps, kStepsAt);
    commitSteps(ref, running(), "{}", 0);
    EXPECT_EQ(read(1, Steps::Without), "{}");
    EXPECT_EQ(read(1, Steps::With), "{}");
}

TEST_F(JobTextsTest, StepsBeyondTheBodyAreNone) {
    const JobRef ref = take(Asked(1));
    for (const std::uint32_t at : {2u, 3u, UINT32_MAX}) {
        commitSteps(ref, running(), "{}", at);
        EXPECT_EQ(read(1, Steps::Without), "{}") << at;
    }
}

TEST_F(JobTextsTest, StepsStayUntilThereIsAnotherBody) {
    const JobRef ref = take(Asked(1));
    commitSteps(ref, running(), kWithSteps, kStepsAt);
    ASSERT_EQ(arena->commit(ref, {running(), std::nullopt, 2, "request"}, 0), Commit::Done);
    EXPECT_EQ(read(1, Steps::Without), std::string(kPlain) + "}");
    arena->release(ref);
    const std::vector<JobRef> taken = adoptAll(place);
    ASSERT_EQ(taken.size(), 1u);
    commit(taken[0], finishedRecord());
    EXPECT_EQ(read(1, Steps::Without), std::string(kPlain) + "}");
    EXPECT_EQ(read(1, Steps::With), kWithSteps);
}

TEST_F(JobTextsTest, ABufferForTheShortBodyIsEnoughForIt) {
    commitSteps(take(Asked(1)), running(), kWithSteps, kStepsAt);
    char buffer[kStepsAt + 2] = {};
    EXPECT_EQ(arena->read(idAt(1), ownerNumber(1), 0, buffer, kStepsAt).found,
              JobView::Found::BufferTooSmall);
    const JobView job = arena->read(idAt(1), ownerNumber(1), 0, buffer, kStepsAt + 1);
    EXPECT_EQ(job.found, JobView::Found::Yes);
    EXPECT_EQ(job.size, kStepsAt + 1);
    EXPECT_EQ(buffer[kStepsAt + 1], '\0');
    EXPECT_EQ(arena->read(idAt(1), ownerNumber(1), 0, buffer, sizeof(buffer), Steps::With).found,
              JobView::Found::BufferTooSmall);
}

TEST_F(JobTextsTest, AnErasedJobHasNoSteps) {
    const JobRef ref = take(Asked(1));
    commitSteps(ref, running(), kWithSteps, kStepsAt);
    commit(ref, erasedRecord());
    EXPECT_EQ(arena->snapshot(idAt(1))->stepsAt, 0u);
    EXPECT_TRUE(arena->load(ref));
}

// --- requests ---

TEST_F(JobTextsTest, ACommitReplacesTheRequest) {
    const JobRef ref = take(Asked(1));
    const std::uint32_t before = blocksUsed();
    const std::string large(5000, 'w');
    commitRequest(ref, running(), large);
    EXPECT_EQ(arena->loadRequest(ref), large);
    EXPECT_EQ(blocksUsed(), before + 4);
    EXPECT_EQ(read(1, Steps::With), "body");
    commitRequest(ref, running(), "small");
    EXPECT_EQ(arena->loadRequest(ref), "small");
    EXPECT_EQ(blocksUsed(), before);
    commitRequest(ref, running(), "");
    EXPECT_EQ(arena->loadRequest(ref), "");
    EXPECT_EQ(blocksUsed(), before - 1);
    expectSound();
}

TEST_F(JobTextsTest, BodyAndRequestChangeTogether) {
    const JobRef ref = take(Asked(1));
    ASSERT_EQ(arena->commit(ref, {running(), "second", 0, "work"}, 0), Commit::Done);
    EXPECT_EQ(read(1, Steps::With), "second");
    EXPECT_EQ(arena->loadRequest(ref), "work");
}

TEST_F(JobTextsTest, ANewRequestAloneIsNothingThatItsOwnerSees) {
    const JobRef ref = take(Asked(1));
    const JobWatch watched = *arena->watch(idAt(1), ownerNumber(1));
    commitRequest(ref, running(), "work");
    EXPECT_FALSE(arena->hasChanged(watched));
}

TEST_F(JobTextsTest, AFinalJobKeepsItsRequestIfItSaysSo) {
    const JobRef ref = take(Asked(1));
    commit(ref, keeping(cancelledRecord()));
    EXPECT_EQ(arena->loadRequest(ref), "request");
    commitRequest(ref, keeping(cancelledRecord()), "work");
    EXPECT_EQ(arena->loadRequest(ref), "work");
    commit(ref, keeping(cancelledRecord(Phase::Done)));
    EXPECT_EQ(requestOf(1), "work");
    expectSound();
}

TEST_F(JobTextsTest, AFinalJobDropsItsRequestAsSoonAsItKeepsItNoMore) {
    const JobRef first = take(Asked(1));
    const JobRef second = take(Asked(2));
    commit(first, keeping(cancelledRecord()));
    const std::uint32_t before = blocksUsed();
    commit(first, cancelledRecord());
    EXPECT_EQ(arena->loadRequest(first), "");
    EXPECT_EQ(blocksUsed(), before - 1);
    commit(first, keeping(cancelledRecord(Phase::Done)));
    EXPECT_EQ(requestOf(1), "");

    commit(second, finishedRecord());
    EXPECT_EQ(requestOf(2), "");
    expectSound();
}

TEST_F(JobTextsTest, AFinalJobThatDoesNotKeepItTakesNoRequest) {
    const JobRef ref = take(Asked(1));
    commitRequest(ref, cancelledRecord(), "work");
    EXPECT_EQ(arena->loadRequest(ref), "");
    commitRequest(ref, cancelledRecord(), "work");
    EXPECT_EQ(arena->loadRequest(ref), "");
    expectSound();
}

TEST_F(JobTextsTest, AKeptRequestGoesWithTheJob) {
    const std::uint32_t empty = blocksUsed();
    commit(take(Asked(1)), keeping(finishedRecord()));
    commit(take(Asked(2)), keeping(finishedRecord()));
    commit(take(Asked(3)), keeping(erasedRecord()));
    EXPECT_TRUE(arena->erase(idAt(1), ownerNumber(1)));
    EXPECT_EQ(arena->expire(1000, 10), 1u);
    EXPECT_EQ(blocksUsed(), empty + 1) << "clean-up may need what was kept";
    EXPECT_EQ(requestOf(3), "request");
}

TEST_F(JobTextsTest, AJobThatIsAcceptedAsFinalMayKeepItsRequest) {
    Asked asked(1);
    asked.record = finishedRecord();
    take(asked);
    EXPECT_EQ(requestOf(1), "");
    asked.id = idAt(2);
    asked.record.keepsRequest = true;
    take(asked);
    EXPECT_EQ(requestOf(2), "request");
    expectSound();
}

TEST_F(JobTextsTest, AKeptRequestIsRestored) {
    Asked asked(1);
    const JobRef ref = take(asked);
    commitSteps(ref, keeping(finishedRecord()), kWithSteps, kStepsAt);
    std::optional<JobSnapshot> whole = arena->snapshot(idAt(1));
    whole->id = idAt(2);
    EXPECT_EQ(arena->restore(*whole, 0, 1000), Restored::Restored);
    EXPECT_EQ(requestOf(2), "request");
    EXPECT_EQ(read(2, Steps::Without), std::string(kPlain) + "}");
    whole->id = idAt(3);
    whole->record.keepsRequest = false;
    whole->stepsAt = 5000;
    EXPECT_EQ(arena->restore(*whole, 0, 1000), Restored::Restored);
    EXPECT_EQ(requestOf(3), "");
    EXPECT_EQ(read(3, Steps::Without), kWithSteps);
    expectSound();
}

// --- room ---

TEST_F(JobTextsTest, ARequestBeyondTheLimitChangesNothing) {
    ASSERT_TRUE(
        JobArena::format(memory.data(), memory.size(), {1000, 16 * 1024, 2000}, testSecret()));
    arena = JobArena::attach(memory.data(), memory.size(), lock);
    place = *arena->registerWorker(1, 1000);
    const JobRef ref = take(Asked(1));
    const std::string tooLong(2001, 'w');
    EXPECT_EQ(arena->commit(ref, {running(), "other", 0, tooLong}, 0), Commit::Full);
    EXPECT_EQ(read(1, Steps::With), "body");
    EXPECT_EQ(arena->loadRequest(ref), "request");
    EXPECT_EQ(arena->load(ref)->record.status, JobStatus::Pending);
}

/// Jobs until there is no room for another one.
class FullTest : public JobTextsTest {
protected:
    FullTest() {
        for (std::uint64_t time = 1;; ++time) {
            const Accepted accepted = ask(Asked(time));
            if (accepted.status != AcceptStatus::Accepted) {
                break;
            }
            refs.push_back(accepted.ref);
        }
    }

    /// Commits with so long a request until one is refused; which?
    std::size_t growUntilFull(const std::string& request) {
        for (std::size_t at = 0; at < refs.size(); ++at) {
            const auto outcome = arena->commit(refs[at], {running(), "more", 0, request}, 0);
            if (outcome == Commit::Full) {
                return at;
            }
            EXPECT_EQ(outcome, Commit::Done);
        }
        return refs.size();
    }

    void expectSound() {
        const IndexCheck check(memory.data(), memory.size(), *arena);
        check.expectSound();
        check.expectReserve();
    }

    std::vector<JobRef> refs;
    const std::string assured = std::string(JobArena::kAssuredBody, 'e');
};

TEST_F(FullTest, WhatDoesNotFitChangesNothing) {
    const std::size_t at = growUntilFull(std::string(3000, 'w'));
    ASSERT_LT(at, refs.size());
    const std::uint64_t time = at + 1;
    EXPECT_EQ(read(time, Steps::With), "body");
    EXPECT_EQ(requestOf(time), "request");
    EXPECT_EQ(arena->load(refs[at])->record.status, JobStatus::Pending);
    EXPECT_EQ(arena->load(refs[at])->revision, 0u);
    expectSound();
}

TEST_F(FullTest, EveryJobCanEndHoweverMuchOthersHaveWritten) {
    growUntilFull(std::string(3000, 'w'));
    for (const JobRef& ref : refs) {
        EXPECT_EQ(arena->commit(ref, {cancelledRecord(), assured}, 0), Commit::Done);
    }
    expectSound();
}

TEST_F(FullTest, WhoKeepsItsRequestInTimeCanEndWithIt) {
    const std::vector<JobRef> keepers(refs.begin(), refs.begin() + 20);
    for (const JobRef& ref : keepers) {
        ASSERT_EQ(arena->commit(ref, {keeping(running())}, 0), Commit::Done);
    }
    refs.erase(refs.begin(), refs.begin() + 20);
    ASSERT_LT(growUntilFull(std::string(3000, 'w')), refs.size());
    for (const JobRef& ref : keepers) {
        EXPECT_EQ(arena->commit(ref, {keeping(cancelledRecord()), assured}, 0), Commit::Done);
    }
    expectSound();
}

TEST_F(FullTest, WhoKeepsItsRequestTooLateTakesNothingFromOthers) {
    ASSERT_LT(growUntilFull(std::string(3000, 'w')), refs.size());
    std::size_t refused = 0;
    for (const JobRef& ref : refs) {
        const auto outcome = arena->commit(ref, {keeping(cancelledRecord()), assured}, 0);
        expectSound();
        if (outcome == Commit::Full) {
            ++refused;
            ASSERT_EQ(arena->commit(ref, {cancelledRecord(), assured}, 0), Commit::Done);
        }
    }
    EXPECT_GT(refused, 0u);
}

TEST_F(FullTest, WhoseLastWorkDoesNotFitCanEndWithoutIt) {
    const std::string memory(3000, 'm');
    std::size_t refused = 0;
    for (const JobRef& ref : refs) {
        const auto outcome =
            arena->commit(ref, {keeping(cancelledRecord()), assured, 0, memory}, 0);
        if (outcome == Commit::Full) {
            ++refused;
            ASSERT_EQ(arena->commit(ref, {cancelledRecord(), assured}, 0), Commit::Done);
        }
    }
    EXPECT_GT(refused, 0u);
    EXPECT_LT(refused, refs.size());
    expectSound();
}

TEST_F(FullTest, FinishedJobsGiveTheirKeptRequestsForNewOnes) {
    commit(refs[0], keeping(finishedRecord()));
    commit(refs[1], keeping(finishedRecord()));
    const std::uint32_t evicted = static_cast<std::uint32_t>(arena->gauges().evicted);
    std::size_t at = 2;
    while (arena->gauges().evicted < evicted + 2) {
        ASSERT_EQ(
            arena->commit(refs[at++], {running(), std::nullopt, 0, std::string(3000, 'w')}, 0),
            Commit::Done);
    }
    EXPECT_FALSE(isSeen(1));
    EXPECT_FALSE(isSeen(2));
    expectSound();
}

}  // namespace

}  // namespace edgerun::store
