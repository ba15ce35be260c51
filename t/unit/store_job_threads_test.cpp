#include <gtest/gtest.h>

#include <vector>

#include "edgerun/store/job_arena.h"
#include "store_index_check.h"
#include "store_jobs_fixture.h"

/// Several jobs of one thread.
namespace edgerun::store {

namespace {

using run::JobStatus;
using run::Phase;

constexpr auto kFirst = std::nullopt;

run::Record inThread(run::Record record, std::string_view thread = "thread_1") {
    record.threadId.assign(thread);
    return record;
}

run::Record remembering(run::Record record) {
    record.keepsRequest = true;
    return inThread(record);
}

class JobThreadsTest : public JobsTest {
protected:
    JobThreadsTest() : JobsTest(1024 * 1024) {}

    JobRef continueAt(std::uint64_t time, std::string_view thread = "thread_1") {
        Asked job(time);
        job.record = inThread({}, thread);
        return take(job);
    }

    JobRef continueFor(std::uint64_t owner, std::uint64_t time) {
        Asked job = ownedBy(owner, time);
        job.record = inThread({});
        return take(job);
    }

    /// A job with its own thread, which it has made by now.
    JobRef makeThreadAt(std::uint64_t time) {
        const JobRef ref = take(Asked(time));
        run::Record record = inThread(recordOf(JobStatus::Running));
        record.ownsThread = true;
        record.deadline = 90'000;
        commit(ref, record);
        return ref;
    }

    void begin(const JobRef& ref) {
        run::Record record = inThread(recordOf(JobStatus::Running));
        record.deadline = 90'000;
        commit(ref, record);
    }

    void end(const JobRef& ref, Phase phase = Phase::Done) {
        commit(ref, inThread(recordOf(JobStatus::Completed, phase)));
    }

    bool hasThread(std::uint64_t owner = 1) {
        return arena->providerOfThread(ownerNumber(owner), "thread_1").has_value();
    }

    void expectSound() { IndexCheck(memory.data(), memory.size(), *arena).expectSound(); }
};

// --- whose a thread is ---

TEST_F(JobThreadsTest, AThreadBelongsToTheOwnerOfItsJobs) {
    EXPECT_FALSE(hasThread());
    makeThreadAt(1);
    EXPECT_TRUE(hasThread());
    EXPECT_FALSE(hasThread(2));
    EXPECT_FALSE(arena->providerOfThread(ownerNumber(1), "thread_2").has_value());
    EXPECT_FALSE(arena->providerOfThread(ownerNumber(1), "thread_").has_value());
}

TEST_F(JobThreadsTest, SoDoesItAmongManyOwners) {
    continueFor(5, 1);
    for (std::uint64_t owner = 1; owner < 3000; ++owner) {
        ASSERT_EQ(hasThread(owner), owner == 5) << owner;
    }
}

TEST_F(JobThreadsTest, AThreadIsAtTheProviderOfItsJobs) {
    const JobRef ref = makeThreadAt(1);
    run::Record record = inThread(recordOf(JobStatus::Running, Phase::PollRun));
    record.provider = 77;
    commit(ref, record);
    EXPECT_EQ(arena->providerOfThread(ownerNumber(1), "thread_1"), 77u);
}

TEST_F(JobThreadsTest, TheYoungestOfAThreadIsKnownByItsId) {
    EXPECT_FALSE(arena->newestInThread(ownerNumber(1), "thread_1").has_value());
    makeThreadAt(1);
    const JobRef second = continueAt(7);
    continueAt(9, "thread_2");
    continueFor(2, 11);
    const auto id = arena->idOf(second);
    ASSERT_TRUE(id.has_value());
    EXPECT_EQ(arena->newestInThread(ownerNumber(1), "thread_1"), id);
    end(second);
    EXPECT_EQ(arena->newestInThread(ownerNumber(1), "thread_1"), id);
}

TEST_F(JobThreadsTest, AJobWithoutAThreadGivesNone) {
    take(Asked(1));
    EXPECT_FALSE(arena->providerOfThread(ownerNumber(1), "").has_value());
}

TEST_F(JobThreadsTest, AThreadIsThereWhateverItsJobsDo) {
    const JobRef ref = makeThreadAt(1);
    end(ref, Phase::CancelRun);
    EXPECT_TRUE(hasThread());
    end(ref);
    EXPECT_TRUE(hasThread());
}

TEST_F(JobThreadsTest, AThreadGoesWithItsJobs) {
    finish(take(Asked(1)));
    Asked job(2);
    job.record = inThread(finishedRecord());
    take(job, 100);
    EXPECT_TRUE(hasThread());
    EXPECT_EQ(arena->expire(1100, 10), 2u);
    EXPECT_FALSE(hasThread());
}

TEST_F(JobThreadsTest, ADeletedThreadCannotBeContinuedThoughEarlierJobsAreThere) {
    end(makeThreadAt(1));
    const JobRef ref = continueAt(2);
    run::Record record = inThread(recordOf(JobStatus::Completed, Phase::DeleteThread));
    commit(ref, record);
    EXPECT_TRUE(hasThread());
    record.isThreadGone = true;
    record.phase = Phase::Done;
    commit(ref, record);
    EXPECT_FALSE(hasThread());
}

TEST_F(JobThreadsTest, AnErasedJobGivesNoThreadButTellsThatItIsGone) {
    end(makeThreadAt(1));
    const JobRef ref = continueAt(2);
    run::Record record = inThread(erasedRecord(Phase::DeleteThread));
    commit(ref, record);
    EXPECT_TRUE(hasThread()) << "by the first job";
    record.isThreadGone = true;
    commit(ref, record);
    EXPECT_FALSE(hasThread());
}

// --- turns ---

TEST_F(JobThreadsTest, JobsOfABusyThreadAreTaken) {
    makeThreadAt(1);
    continueAt(2);
    continueAt(3);
    EXPECT_EQ(arena->gauges().live, 3u);
}

TEST_F(JobThreadsTest, JobsOfAThreadGoOneAfterAnotherByTheirIds) {
    const JobRef first = makeThreadAt(1);
    const JobRef third = continueAt(3);
    const JobRef second = continueAt(2);
    EXPECT_EQ(jobAheadOf(first), kFirst);
    EXPECT_EQ(jobAheadOf(second), idAt(1));
    EXPECT_EQ(jobAheadOf(third), idAt(2));
    end(first);
    EXPECT_EQ(jobAheadOf(third), idAt(2));
    EXPECT_EQ(jobAheadOf(second), kFirst);
    EXPECT_EQ(jobAheadOf(second), kFirst);
    end(second);
    EXPECT_EQ(jobAheadOf(third), kFirst);
}

TEST_F(JobThreadsTest, AnEarlierJobThatComesLateWaitsForTheOneThatHasTheTurn) {
    const JobRef fifth = continueAt(5);
    EXPECT_EQ(jobAheadOf(fifth), kFirst);
    const JobRef third = continueAt(3);
    const JobRef fourth = continueAt(4);
    const JobRef sixth = continueAt(6);
    EXPECT_EQ(jobAheadOf(third), idAt(5));
    EXPECT_EQ(jobAheadOf(fourth), idAt(3));
    EXPECT_EQ(jobAheadOf(sixth), idAt(4));
    end(fifth);
    EXPECT_EQ(jobAheadOf(fourth), idAt(3));
    EXPECT_EQ(jobAheadOf(third), kFirst);
}

TEST_F(JobThreadsTest, WhoWaitsIsToldOfTheEndAhead) {
    const JobRef first = continueAt(1);
    const JobRef second = continueAt(2);
    const std::optional<JobWatch> ahead = arena->takeTurn(second);
    ASSERT_TRUE(ahead);
    begin(first);
    EXPECT_FALSE(arena->hasChanged(*ahead));
    end(first, Phase::DeleteThread);
    EXPECT_TRUE(arena->hasChanged(*ahead));
}

TEST_F(JobThreadsTest, WhoWaitsBehindAnErasedJobIsToldOfItsEnd) {
    const JobRef first = continueAt(1);
    const JobRef second = continueAt(2);
    commit(first, inThread(erasedRecord()));
    const std::optional<JobWatch> ahead = arena->takeTurn(second);
    ASSERT_TRUE(ahead);
    commit(first, inThread(erasedRecord(Phase::Done)));
    EXPECT_TRUE(arena->hasChanged(*ahead));
}

TEST_F(JobThreadsTest, WhoHasBegunHasTheTurn) {
    const JobRef second = continueAt(2);
    begin(second);
    const JobRef first = continueAt(1);
    EXPECT_EQ(jobAheadOf(first), idAt(2));
    EXPECT_EQ(jobAheadOf(second), kFirst);
}

TEST_F(JobThreadsTest, OtherThreadsAndOwnersDoNotWait) {
    continueAt(1);
    EXPECT_EQ(jobAheadOf(continueAt(2, "thread_2")), kFirst);
    EXPECT_EQ(jobAheadOf(continueFor(2, 3)), kFirst);
    EXPECT_EQ(jobAheadOf(take(Asked(4))), kFirst);
    EXPECT_EQ(jobAheadOf(take(Asked(5))), kFirst);
}

TEST_F(JobThreadsTest, ATurnLastsUntilTheRunUpstreamHasEnded) {
    const JobRef first = continueAt(1);
    const JobRef second = continueAt(2);
    EXPECT_EQ(jobAheadOf(first), kFirst);
    for (const Phase phase : {Phase::FindLostRun, Phase::CancelRun}) {
        commit(first, inThread(cancelledRecord(phase)));
        EXPECT_EQ(jobAheadOf(second), idAt(1));
    }
    commit(first, inThread(cancelledRecord(Phase::DeleteThread)));
    EXPECT_EQ(jobAheadOf(second), kFirst);
}

TEST_F(JobThreadsTest, WhoDoesNotUseItsThreadAnyMoreAsksForNothing) {
    const JobRef first = continueAt(1);
    const JobRef second = continueAt(2);
    end(second, Phase::DeleteThread);
    EXPECT_EQ(jobAheadOf(second), kFirst);
    EXPECT_EQ(jobAheadOf(first), kFirst);
}

TEST_F(JobThreadsTest, ATurnOutlivesCommitsAndWorkers) {
    const JobRef second = continueAt(2);
    EXPECT_EQ(jobAheadOf(second), kFirst);
    commit(second, inThread(recordOf(JobStatus::Pending)), "body");
    const JobRef first = continueAt(1);
    const WorkerPlace other = otherPlace();
    arena->releaseWorker(place);
    EXPECT_EQ(jobAheadOf(second), kFirst) << "is nobody's";
    const std::vector<JobRef> taken = adoptAll(other);
    ASSERT_EQ(taken.size(), 2u);
    for (const JobRef& ref : taken) {
        const bool isFirst = arena->idOf(ref) == idAt(1);
        EXPECT_EQ(jobAheadOf(ref), isFirst ? std::optional(idAt(2)) : std::nullopt);
    }
    EXPECT_FALSE(arena->load(first));
}

TEST_F(JobThreadsTest, OnlyItsWorkerTakesAJobsTurn) {
    const JobRef second = continueAt(2);
    const Seized seized = arena->seize(place, idAt(2), ownerNumber(1));
    EXPECT_EQ(jobAheadOf(second), kFirst);
    const JobRef first = continueAt(1);
    EXPECT_EQ(jobAheadOf(seized.ref), idAt(1)) << "nobody had taken the turn";
    EXPECT_EQ(jobAheadOf(first), kFirst);
}

class CountingSignal : public ChangeSignal {
public:
    void signal() noexcept override { ++count; }
    int count = 0;
};

TEST_F(JobThreadsTest, WhoWaitsForATurnIsToldWhenTheThreadIsFree) {
    CountingSignal signal;
    arena = JobArena::attach(memory.data(), memory.size(), lock, &signal);
    const JobRef first = makeThreadAt(1);
    commit(first, inThread(cancelledRecord()), "cancelled");
    const JobWatch watched = *arena->watch(idAt(1), ownerNumber(1));
    run::Record record = inThread(cancelledRecord());
    record.polls = 2;
    commit(first, record);
    EXPECT_FALSE(arena->hasChanged(watched));
    commit(first, inThread(cancelledRecord(Phase::DeleteThread)));
    EXPECT_TRUE(arena->hasChanged(watched));
    EXPECT_EQ(signal.count, 1);
}

// --- who deletes it ---

TEST_F(JobThreadsTest, AThreadIsWantedWhileAnotherJobOfItIsOpen) {
    const JobRef first = makeThreadAt(1);
    EXPECT_FALSE(arena->isThreadWanted(first));
    const JobRef second = continueAt(2);
    EXPECT_TRUE(arena->isThreadWanted(first));
    EXPECT_TRUE(arena->isThreadWanted(second));
    end(first, Phase::DeleteThread);
    EXPECT_TRUE(arena->isThreadWanted(first));
    EXPECT_FALSE(arena->isThreadWanted(second)) << "the newer one deletes it";
    end(second);
    EXPECT_FALSE(arena->isThreadWanted(first));
}

TEST_F(JobThreadsTest, OfJobsThatHaveEndedTheNewestDeletesTheThread) {
    const JobRef first = makeThreadAt(1);
    const JobRef third = continueAt(3);
    const JobRef second = continueAt(2);
    for (const JobRef& ref : {first, second, third}) {
        end(ref, Phase::DeleteThread);
    }
    EXPECT_TRUE(arena->isThreadWanted(first));
    EXPECT_TRUE(arena->isThreadWanted(second));
    EXPECT_FALSE(arena->isThreadWanted(third));
}

TEST_F(JobThreadsTest, OfTwoJobsThatLeaveTheThreadToEachOtherOneDeletesIt) {
    const JobRef first = makeThreadAt(1);
    const JobRef second = continueAt(2);
    EXPECT_TRUE(arena->settleThread(second, ThreadEnd::Left)) << "the first one is open";
    EXPECT_FALSE(arena->isThreadWanted(first));
    EXPECT_FALSE(arena->settleThread(first, ThreadEnd::Left)) << "the second one has left";
    EXPECT_TRUE(arena->settleThread(first, ThreadEnd::Deleted));
}

TEST_F(JobThreadsTest, WhoTakesAJobOverDecidesAnewForItsThread) {
    const JobRef first = makeThreadAt(1);
    const JobRef second = continueAt(2);
    EXPECT_TRUE(arena->settleThread(second, ThreadEnd::Left));
    const Seized seized = arena->seize(place, idAt(2), ownerNumber(1));
    EXPECT_TRUE(arena->isThreadWanted(first));
    EXPECT_TRUE(arena->settleThread(first, ThreadEnd::Left));
    EXPECT_TRUE(arena->settleThread(second, ThreadEnd::Left)) << "is not its worker's any more";
    EXPECT_TRUE(arena->settleThread(seized.ref, ThreadEnd::Deleted));
}

TEST_F(JobThreadsTest, AThreadMadeAnewElsewhereIsThereThoughTheFormerWasDeleted) {
    const JobRef job = makeThreadAt(1);
    EXPECT_TRUE(arena->settleThread(job, ThreadEnd::Deleted));
    commit(job, recordOf(JobStatus::Running));
    commit(job, inThread(recordOf(JobStatus::Running), "thread_2"));
    EXPECT_TRUE(arena->providerOfThread(ownerNumber(1), "thread_2"));
    continueAt(2, "thread_2");
}

TEST_F(JobThreadsTest, WhoBeginsAnewElsewhereIsCountedOnThoughItLeftItsFormerThread) {
    const JobRef job = makeThreadAt(1);
    continueAt(2);
    EXPECT_TRUE(arena->settleThread(job, ThreadEnd::Left));
    commit(job, recordOf(JobStatus::Running));
    commit(job, inThread(recordOf(JobStatus::Running), "thread_2"));
    EXPECT_TRUE(arena->isThreadWanted(continueAt(3, "thread_2")));
}

TEST_F(JobThreadsTest, NobodyGoesOnInAThreadThatIsAboutToBeDeleted) {
    const JobRef first = makeThreadAt(1);
    EXPECT_TRUE(arena->settleThread(first, ThreadEnd::Deleted));
    EXPECT_FALSE(hasThread());
    Asked late(2);
    late.record = inThread({});
    EXPECT_EQ(ask(late).status, AcceptStatus::ThreadGone);
    continueFor(2, 3);
    continueAt(4, "thread_2");
    arena->seize(place, idAt(1), ownerNumber(1));
    EXPECT_TRUE(hasThread()) << "it was not committed";
    take(late);
}

TEST_F(JobThreadsTest, AThreadThatGotAJobInTheLastMomentIsNotDeleted) {
    const JobRef first = makeThreadAt(1);
    EXPECT_FALSE(arena->isThreadWanted(first));
    continueAt(2);
    EXPECT_FALSE(arena->settleThread(first, ThreadEnd::Deleted));
    EXPECT_TRUE(hasThread());
}

TEST_F(JobThreadsTest, AThreadIsGoneThoughNewerJobsEndedBeforeTheOneThatDeletedIt) {
    const JobRef first = makeThreadAt(1);
    end(continueAt(2));
    run::Record record = inThread(recordOf(JobStatus::Completed, Phase::DeleteThread));
    record.isThreadGone = true;
    commit(first, record);
    EXPECT_FALSE(hasThread());
}

TEST_F(JobThreadsTest, JobsOfOtherThreadsAndOwnersDoNotWantIt) {
    const JobRef first = makeThreadAt(1);
    continueAt(2, "thread_2");
    continueFor(2, 3);
    take(Asked(4));
    EXPECT_FALSE(arena->isThreadWanted(first));
    const JobRef without = take(Asked(5));
    EXPECT_FALSE(arena->isThreadWanted(without));
}

TEST_F(JobThreadsTest, WhoContinuesAThreadIsCountedUntilItIsDone) {
    const ArenaView view = *viewMemory(memory.data(), memory.size(), arena->limits());
    const JobRef first = makeThreadAt(1);
    EXPECT_EQ(view.header->continuing, 0u);
    const JobRef second = continueAt(2);
    const JobRef third = continueAt(3);
    EXPECT_EQ(view.header->continuing, 2u);
    end(second, Phase::DeleteThread);
    EXPECT_EQ(view.header->continuing, 2u);
    end(second);
    EXPECT_EQ(view.header->continuing, 1u);
    view.header->mutating = kChanging;
    expectSound();
    arena->gauges();
    EXPECT_EQ(view.header->continuing, 1u);
    commit(third, inThread(erasedRecord(Phase::Done)));
    EXPECT_EQ(view.header->continuing, 0u);
    end(first);
    expectSound();
}

// --- memory ---

TEST_F(JobThreadsTest, AJobRemembersTheLastOfThoseThatEndedAndKeptTheirRequest) {
    const JobRef old = continueAt(1);
    const JobRef kept = continueAt(2);
    const JobRef dropped = continueAt(3);
    const JobRef job = continueAt(5);
    EXPECT_EQ(arena->loadThreadMemory(job), std::nullopt);
    const std::string history(5000, 'h');
    ASSERT_EQ(arena->commit(old, {remembering(finishedRecord()), "b", 0, "old"}, 0),
              JobArena::Commit::Done);
    EXPECT_EQ(arena->loadThreadMemory(job), "old");
    ASSERT_EQ(arena->commit(kept, {remembering(finishedRecord()), "b", 0, history}, 0),
              JobArena::Commit::Done);
    end(dropped);
    EXPECT_EQ(arena->loadThreadMemory(job), history);
}

TEST_F(JobThreadsTest, OfTwoAcceptedAtOnceTheYoungerMayHaveTheFirstTurn) {
    const JobRef younger = continueAt(7);
    EXPECT_EQ(jobAheadOf(younger), kFirst);
    const JobRef older = continueAt(5);
    ASSERT_EQ(arena->commit(younger, {remembering(finishedRecord()), "b", 0, "one"}, 0),
              JobArena::Commit::Done);
    EXPECT_EQ(arena->loadThreadMemory(older), "one");
    ASSERT_EQ(arena->commit(older, {remembering(finishedRecord()), "b", 0, "one, two"}, 0),
              JobArena::Commit::Done);
    EXPECT_EQ(arena->loadThreadMemory(continueAt(8)), "one, two");
}

TEST_F(JobThreadsTest, WhatCameFromAJournalIsRememberedByWhenItEnded) {
    const auto remember = [&](std::uint64_t time, std::int64_t endedAt, std::string_view text) {
        JobSnapshot job{idAt(time), ownerNumber(1), {}, 1, 0, remembering(finishedRecord()), "", "",
                        0};
        job.record.completedWall = endedAt;
        job.request = text;
        job.body = "body";
        EXPECT_EQ(arena->restore(job, 0, 1'000), Restored::Restored);
    };
    remember(1, 300, "last");
    remember(2, 200, "first");
    const JobRef job = continueAt(5);
    EXPECT_EQ(arena->loadThreadMemory(job), "last");
    ASSERT_EQ(arena->commit(continueAt(4), {remembering(finishedRecord()), "b", 0, "new"}, 0),
              JobArena::Commit::Done);
    EXPECT_EQ(arena->loadThreadMemory(job), "new");
}

TEST_F(JobThreadsTest, AJobDoesNotRememberWhatIsNotItsThreads) {
    const auto remember = [&](const JobRef& ref, std::string_view thread) {
        run::Record record = remembering(finishedRecord());
        record.threadId.assign(thread);
        commit(ref, record);
    };
    remember(continueAt(1, "thread_2"), "thread_2");
    remember(continueFor(2, 2), "thread_1");
    remember(take(Asked(3)), "");
    commit(continueAt(4), remembering(recordOf(JobStatus::Running)));
    const JobRef erased = continueAt(5);
    commit(erased, remembering(erasedRecord()));
    EXPECT_EQ(arena->loadThreadMemory(continueAt(6)), std::nullopt);
    EXPECT_EQ(arena->loadThreadMemory(take(Asked(7))), std::nullopt);
}

TEST_F(JobThreadsTest, OnlyAJobsWorkerLoadsItsMemory) {
    commit(continueAt(1), remembering(finishedRecord()));
    const JobRef ref = continueAt(2);
    EXPECT_EQ(arena->loadThreadMemory(ref), "request");
    arena->releaseWorker(place);
    EXPECT_EQ(arena->loadThreadMemory(ref), std::nullopt);
}

TEST_F(JobThreadsTest, AnArenaIsCrowdedWhenLiveJobsLeaveLessThanAQuarter) {
    EXPECT_FALSE(arena->isCrowded());
    const std::uint32_t slots = arena->gauges().slots;
    std::vector<JobRef> jobs;
    std::uint64_t time = 1;
    while (!arena->isCrowded() && jobs.size() < slots) {
        jobs.push_back(take(Asked(time++)));
    }
    const auto full = arena->gauges();
    EXPECT_TRUE(full.slotsFree < slots / 4 || full.blocksFree < full.blocks / 4);
    end(jobs.front());
    end(jobs.back());
    EXPECT_FALSE(arena->isCrowded()) << "finished jobs make room";
}

}  // namespace

}  // namespace edgerun::store
