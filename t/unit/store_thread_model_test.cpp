#include <gtest/gtest.h>

#include <map>
#include <random>

#include "edgerun/store/job_arena.h"
#include "store_index_check.h"
#include "store_jobs_fixture.h"

/// Threads and requests beside a plain model of them, in long random walks.
namespace edgerun::store {

namespace {

using run::JobStatus;
using run::Phase;

constexpr std::uint64_t kOwners = 2;
constexpr std::size_t kMostJobs = 24;
constexpr std::string_view kThreads[] = {"", "thread_1", "thread_2"};

/// What is known of a job.
struct Modelled {
    std::uint64_t owner = 0;
    JobRef ref;
    run::Record record;
    std::string request;
    bool askedFirst = false;  ///< has been told that it is its turn
    std::uint64_t leftAs = 0;
    ThreadEnd end = ThreadEnd::Open;

    std::string_view thread() const { return record.threadId.view(); }
    bool isDone() const { return record.phase == Phase::Done; }
    bool isOpen() const { return !run::isFinal(record.status); }
    bool holds() const { return !isDone() && holdsThread(record); }
    bool hasTurn() const { return holds() && (askedFirst || record.deadline != 0); }
    bool isBeside(const Modelled& other) const {
        return owner == other.owner && thread() == other.thread();
    }
};

using Jobs = std::map<std::uint64_t, Modelled>;  ///< by the time in their ids

class ThreadModelTest : public JobsTest {
protected:
    ThreadModelTest() : JobsTest(512 * 1024, {1'000'000'000, 4096}) {
        EXPECT_TRUE(arena->renewWorker(place, 1'000'000'000));
    }

    std::uint64_t chance(std::uint64_t of) { return random() % of; }

    Jobs::iterator anyLive() {
        std::vector<Jobs::iterator> live;
        for (auto at = jobs.begin(); at != jobs.end(); ++at) {
            if (!at->second.isDone()) {
                live.push_back(at);
            }
        }
        return live.empty() ? jobs.end() : live[chance(live.size())];
    }

    std::string anyText() {
        return std::string(chance(4) == 0 ? chance(3000) : chance(20),
                           static_cast<char>('a' + chance(26)));
    }

    void acceptOne() {
        std::uint64_t time = 1 + chance(1'000'000);
        if (jobs.size() >= kMostJobs || jobs.count(time) != 0) {
            return;
        }
        Modelled job;
        job.owner = chance(kOwners);
        job.record.threadId.assign(kThreads[chance(3)]);
        job.request = anyText();
        Asked asked = ownedBy(job.owner, time);
        asked.record = job.record;
        asked.request = job.request;
        if (isGone(job.owner, job.thread()) && !job.thread().empty()) {
            ASSERT_EQ(ask(asked).status, AcceptStatus::ThreadGone);
            return;
        }
        job.ref = take(asked);
        jobs[time] = job;
    }

    void commitOne() {
        const auto at = anyLive();
        if (at == jobs.end()) {
            return;
        }
        Modelled& job = at->second;
        run::Record& record = job.record;
        const bool heldThread = holdsThread(record);
        if (job.isOpen()) {
            record.status = chance(3) == 0 ? JobStatus::Cancelled : JobStatus::Running;
        }
        constexpr Phase kEnds[] = {Phase::CancelRun, Phase::DeleteThread, Phase::Done};
        record.phase = job.isOpen() ? Phase::PollRun : kEnds[chance(3)];
        record.deadline = record.deadline != 0 || chance(3) == 0 ? 77 : 0;
        record.keepsRequest = chance(2) == 0;
        record.erased = record.erased || (!job.isOpen() && chance(8) == 0);
        record.isThreadGone = record.isThreadGone || chance(20) == 0;
        JobUpdate update{record};
        const std::string text = anyText();
        if (chance(2) == 0) {
            update.request = text;
        }
        ASSERT_EQ(arena->commit(job.ref, update, 0), JobArena::Commit::Done);
        job.leftAs = heldThread && !holdsThread(record) ? ++leavings : job.leftAs;
        job.end = job.isOpen() ? ThreadEnd::Open : job.end;
        job.request = !job.isOpen() && !record.keepsRequest ? ""
                      : update.request                      ? text
                                                            : job.request;
        if (record.erased && job.isDone()) {
            jobs.erase(at);
        }
    }

    void removeOne() {
        for (auto at = jobs.begin(); at != jobs.end(); ++at) {
            if (at->second.isDone() && chance(3) == 0) {
                ASSERT_TRUE(arena->erase(idAt(at->first), ownerNumber(at->second.owner)));
                jobs.erase(at);
                return;
            }
        }
    }

    void seizeOne() {
        const auto at = anyLive();
        if (at != jobs.end() && !at->second.record.erased) {
            at->second.ref =
                arena->seize(place, idAt(at->first), ownerNumber(at->second.owner)).ref;
            at->second.end = ThreadEnd::Open;
        }
    }

    void settleOne() {
        const auto at = anyLive();
        if (at == jobs.end()) {
            return;
        }
        const ThreadEnd end = chance(3) == 0 ? ThreadEnd::Deleted : ThreadEnd::Left;
        const bool isTrue = isWanted(at->first, at->second) == (end == ThreadEnd::Left);
        ASSERT_EQ(arena->settleThread(at->second.ref, end), isTrue);
        at->second.end = isTrue ? end : at->second.end;
    }

    void takeTurn() {
        const auto at = anyLive();
        if (at == jobs.end()) {
            return;
        }
        const std::optional<std::uint64_t> before = timeBefore(at->first, at->second);
        ASSERT_EQ(jobAheadOf(at->second.ref), before ? std::optional(idAt(*before)) : std::nullopt);
        Modelled& job = at->second;
        job.askedFirst =
            job.askedFirst || (!before && job.holds() && !job.hasTurn() && !job.thread().empty());
    }

    /// The last of those without a turn that are older, else of those with one.
    std::optional<std::uint64_t> timeBefore(std::uint64_t time, const Modelled& job) const {
        if (job.thread().empty() || !job.holds() || job.hasTurn()) {
            return std::nullopt;
        }
        std::optional<std::uint64_t> waiting, first;
        for (const auto& [otherTime, other] : jobs) {
            if (!other.isBeside(job) || !other.holds()) {
                continue;
            }
            if (other.hasTurn()) {
                first = otherTime;
            } else if (otherTime < time) {
                waiting = otherTime;
            }
        }
        return waiting ? waiting : first;
    }

    bool isWanted(std::uint64_t time, const Modelled& job) const {
        for (const auto& [otherTime, other] : jobs) {
            if (otherTime != time && other.isBeside(job) && !job.thread().empty() &&
                !other.isDone() && other.end != ThreadEnd::Left &&
                (other.isOpen() || otherTime > time)) {
                return true;
            }
        }
        return false;
    }

    /// Of the one that was the last to let go of the thread.
    std::optional<std::string> memoryOf(std::uint64_t time, const Modelled& job) const {
        const Modelled* last = nullptr;
        for (const auto& [otherTime, other] : jobs) {
            const bool isMemory = otherTime != time && other.isBeside(job) &&
                                  !job.thread().empty() && !other.isOpen() &&
                                  other.record.keepsRequest && !other.record.erased;
            if (isMemory && (last == nullptr || other.leftAs >= last->leftAs)) {
                last = &other;
            }
        }
        return last != nullptr ? std::optional(last->request) : std::nullopt;
    }

    bool isGone(std::uint64_t owner, std::string_view thread) const {
        for (const auto& [time, job] : jobs) {
            if (job.owner == owner && job.thread() == thread &&
                (job.record.isThreadGone || job.end == ThreadEnd::Deleted)) {
                return true;
            }
        }
        return false;
    }

    bool hasThread(std::uint64_t owner, std::string_view thread) const {
        for (const auto& [time, job] : jobs) {
            if (job.owner == owner && job.thread() == thread && !job.record.erased) {
                return !isGone(owner, thread);
            }
        }
        return false;
    }

    void compare() {
        for (const auto& [time, job] : jobs) {
            ASSERT_EQ(arena->snapshot(idAt(time))->request, job.request);
            if (job.isDone()) {
                continue;
            }
            ASSERT_EQ(arena->loadRequest(job.ref), job.request);
            ASSERT_EQ(arena->isThreadWanted(job.ref), isWanted(time, job));
            ASSERT_EQ(arena->loadThreadMemory(job.ref), memoryOf(time, job));
        }
        for (std::uint64_t owner = 0; owner < kOwners; ++owner) {
            for (const std::string_view thread : {kThreads[1], kThreads[2]}) {
                ASSERT_EQ(arena->providerOfThread(ownerNumber(owner), thread).has_value(),
                          hasThread(owner, thread));
            }
        }
    }

    void walk(int count) {
        using Step = void (ThreadModelTest::*)();
        const std::vector<Step> steps = {
            &ThreadModelTest::acceptOne, &ThreadModelTest::acceptOne, &ThreadModelTest::commitOne,
            &ThreadModelTest::commitOne, &ThreadModelTest::takeTurn,  &ThreadModelTest::takeTurn,
            &ThreadModelTest::seizeOne,  &ThreadModelTest::settleOne, &ThreadModelTest::removeOne};
        for (int step = 0; step < count && !HasFatalFailure(); ++step) {
            (this->*steps[chance(steps.size())])();
            if (!HasFatalFailure()) {
                compare();
            }
            const IndexCheck check(memory.data(), memory.size(), *arena);
            check.expectSound();
            check.expectReserve();
            ASSERT_FALSE(HasFailure()) << "step " << step;
        }
    }

    std::mt19937_64 random;
    Jobs jobs;
    std::uint64_t leavings = 0;
};

TEST_F(ThreadModelTest, ThreadsAreWhatTheModelSays) {
    walk(6000);
    EXPECT_EQ(arena->gauges().evicted, 0u);
    EXPECT_EQ(arena->gauges().repairs, 0u);
}

}  // namespace

}  // namespace edgerun::store
