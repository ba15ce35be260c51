#include <gtest/gtest.h>

#include <map>
#include <random>

#include "edgerun/store/job_arena.h"
#include "store_jobs_fixture.h"

/// The arena beside a plain model of it, in long random walks.
namespace edgerun::store {

namespace {

using run::JobStatus;
using run::Phase;

constexpr std::uint64_t kOwners = 3;
constexpr std::uint64_t kKeys = 12;
constexpr std::size_t kMostJobs = 60;
constexpr std::uint64_t kTtl = 1000;

/// What is known of a job.
struct Modelled {
    std::uint64_t owner = 0;
    std::uint64_t key = 0;  ///< 0: none
    JobRef ref;
    bool isHidden = false;
    run::Record record;
    std::uint64_t expiresAt = 0;  ///< 0: not yet

    bool isOpen() const { return !run::isFinal(record.status); }
    bool isDone() const { return record.phase == Phase::Done; }
    bool isVisible(std::uint64_t now) const {
        return !isHidden && !record.erased && (expiresAt == 0 || now < expiresAt);
    }
    bool hasKey(std::uint64_t number, std::uint64_t now) const {
        return key == number && !record.erased && (expiresAt == 0 || now < expiresAt);
    }
};

class ArenaModelTest : public JobsTest {
protected:
    ArenaModelTest() : JobsTest(1024 * 1024, {kTtl, 4096}) {}

    std::uint64_t chance(std::uint64_t of) { return random() % of; }

    /// One that `fits`, if there is any.
    template <typename Fits>
    std::map<std::uint64_t, Modelled>::iterator any(Fits fits) {
        std::vector<std::map<std::uint64_t, Modelled>::iterator> fitting;
        for (auto at = jobs.begin(); at != jobs.end(); ++at) {
            if (fits(at->second)) {
                fitting.push_back(at);
            }
        }
        return fitting.empty() ? jobs.end() : fitting[chance(fitting.size())];
    }

    std::uint32_t openOf(std::uint64_t owner) const {
        std::uint32_t open = 0;
        for (const auto& [time, job] : jobs) {
            open += job.owner == owner && job.isOpen() ? 1 : 0;
        }
        return open;
    }

    bool isKeyTaken(std::uint64_t key) const {
        for (const auto& [time, job] : jobs) {
            if (key != 0 && job.hasKey(key, now)) {
                return true;
            }
        }
        return false;
    }

    Asked asked(std::uint64_t owner) {
        Asked job = ownedBy(owner, ++lastTime);
        job.isHidden = chance(3) == 0;
        return job;
    }

    void acceptOne() {
        if (jobs.size() >= kMostJobs) {
            return;
        }
        const std::uint64_t owner = chance(kOwners);
        const std::uint64_t key = chance(2) == 0 ? 0 : 1 + chance(kKeys);
        Asked job = asked(owner);
        job.key = key == 0 ? IdempotencyKey{} : keyNumber(key);
        job.maxRunning = static_cast<std::uint32_t>(chance(12));
        const bool isTooMany = job.maxRunning != 0 && openOf(owner) >= job.maxRunning;
        const AcceptStatus expected = isKeyTaken(key) ? AcceptStatus::KnownKey
                                      : isTooMany     ? AcceptStatus::TooManyRunning
                                                      : AcceptStatus::Accepted;
        const Accepted accepted = ask(job, now);
        ASSERT_EQ(accepted.status, expected);
        if (expected == AcceptStatus::Accepted) {
            jobs[lastTime] = {owner, key, accepted.ref, job.isHidden, {}, 0};
        }
    }

    void publishOrWithdraw() {
        const auto at = any([](const Modelled& job) { return job.isHidden; });
        if (at == jobs.end()) {
            return;
        }
        if (chance(2) == 0) {
            ASSERT_TRUE(arena->publish(at->second.ref));
            at->second.isHidden = false;
        } else {
            arena->withdraw(at->second.ref);
            jobs.erase(at);
        }
    }

    void commitOne() {
        const auto at = any([](const Modelled& job) { return !job.isDone(); });
        if (at == jobs.end()) {
            return;
        }
        Modelled& job = at->second;
        const bool wasOpen = job.isOpen();
        if (wasOpen) {
            job.record.status = chance(3) == 0 ? JobStatus::Cancelled : JobStatus::Running;
        }
        job.record.phase = !job.isOpen() && chance(2) == 0 ? Phase::Done : Phase::CancelRun;
        job.record.erased = job.record.erased || chance(6) == 0;
        job.isHidden = false;
        std::optional<std::string_view> text;
        if (wasOpen && !job.record.erased) {
            text = "changed";
        }
        ASSERT_EQ(arena->commit(job.ref, {job.record, text}, now), JobArena::Commit::Done);
        if (!job.isOpen() && job.expiresAt == 0) {
            job.expiresAt = now + kTtl;
        }
        if (job.record.erased && job.isDone()) {
            jobs.erase(at);
        }
    }

    void seizeOne() {
        const auto at = any([](const Modelled&) { return true; });
        if (at == jobs.end()) {
            return;
        }
        Modelled& job = at->second;
        const Seizure expected = job.isHidden || job.record.erased ? Seizure::Unknown
                                 : job.isDone()                    ? Seizure::Done
                                                                   : Seizure::Taken;
        const Seized seized = arena->seize(place, idAt(at->first), ownerNumber(job.owner));
        ASSERT_EQ(seized.outcome, expected);
        if (expected == Seizure::Taken) {
            ASSERT_EQ(seized.ref.fence, job.ref.fence + 1);
            job.ref = seized.ref;
        }
    }

    void eraseOne() {
        const auto at = any([](const Modelled&) { return true; });
        if (at == jobs.end()) {
            return;
        }
        const bool isErasable = at->second.isDone() && !at->second.isHidden;
        ASSERT_EQ(arena->erase(idAt(at->first), ownerNumber(at->second.owner)), isErasable);
        if (isErasable) {
            jobs.erase(at);
        }
    }

    /// The worker loses all of its jobs, and has them again.
    void changeWorkers() {
        const WorkerPlace next = *arena->registerWorker(1, 1'000'000'000);
        arena->releaseWorker(place);
        place = next;
        std::map<std::uint32_t, JobRef> taken;
        for (const JobRef& ref : adoptAll(next, now)) {
            taken[ref.slot] = ref;
        }
        for (auto& [time, job] : jobs) {
            if (job.isDone()) {
                continue;
            }
            ASSERT_EQ(taken.count(job.ref.slot), 1u);
            ASSERT_EQ(taken[job.ref.slot].fence, job.ref.fence + 1);
            job.ref = taken[job.ref.slot];
            taken.erase(job.ref.slot);
        }
        ASSERT_TRUE(taken.empty());
    }

    void expireAll() {
        std::size_t expected = 0;
        for (auto at = jobs.begin(); at != jobs.end();) {
            const bool isPast = at->second.isDone() && now >= at->second.expiresAt;
            expected += isPast ? 1 : 0;
            at = isPast ? jobs.erase(at) : std::next(at);
        }
        ASSERT_EQ(arena->expire(now, 1000), expected);
    }

    /// All jobs leave by way of a journal for another arena.
    void moveToAnotherArena() {
        std::map<std::uint64_t, JobSnapshot> whole;
        for (const auto& [time, job] : jobs) {
            const auto snapshot = arena->snapshot(idAt(time));
            ASSERT_TRUE(snapshot);
            whole[time] = *snapshot;
        }
        ASSERT_TRUE(JobArena::format(memory.data(), memory.size(), {kTtl, 4096}, testSecret()));
        arena = JobArena::attach(memory.data(), memory.size(), lock);
        place = *arena->registerWorker(1, 1'000'000'000);
        for (auto& [time, job] : jobs) {
            ASSERT_EQ(arena->restore(whole[time], 0, job.expiresAt), Restored::Restored);
            job.isHidden = false;  // it was in the journal
            job.ref.slot = UINT32_MAX;
        }
        findRefs();
    }

    void findRefs() {
        for (const JobRef& ref : adoptAll(place, now)) {
            for (auto& [time, job] : jobs) {
                if (arena->idOf(ref) == idAt(time)) {
                    ASSERT_EQ(ref.fence, job.ref.fence + 1);
                    job.ref = ref;
                }
            }
        }
        for (const auto& [time, job] : jobs) {
            ASSERT_EQ(job.ref.slot == UINT32_MAX, job.isDone());
        }
    }

    void compare() {
        compareJobs();
        compareKeys();
        for (std::uint64_t owner = 0; owner < kOwners; ++owner) {
            compareList(owner);
            compareLimit(owner);
        }
    }

    void compareJobs() {
        std::uint32_t live = 0;
        for (const auto& [time, job] : jobs) {
            ASSERT_EQ(isSeen(time, now, job.owner), job.isVisible(now)) << time;
            ASSERT_FALSE(isSeen(time, now, job.owner + 1));
            live += job.isDone() ? 0 : 1;
            if (!job.isDone()) {
                ASSERT_TRUE(arena->load(job.ref));
            }
        }
        const ArenaGauges gauges = arena->gauges();
        ASSERT_EQ(gauges.live, live);
        ASSERT_EQ(gauges.finished, jobs.size() - live);
        ASSERT_EQ(gauges.slotsFree, gauges.slots - jobs.size());
        ASSERT_EQ(gauges.evicted, 0u);
        ASSERT_EQ(gauges.repairs, 0u);
        if (jobs.empty()) {
            ASSERT_EQ(gauges.blocksFree, gauges.blocks);
        }
    }

    void compareKeys() {
        for (std::uint64_t key = 1; key <= kKeys; ++key) {
            const auto known = arena->findKey(keyNumber(key), now);
            ASSERT_EQ(known.has_value(), isKeyTaken(key));
            for (const auto& [time, job] : jobs) {
                if (job.hasKey(key, now)) {
                    ASSERT_EQ(known->id, idAt(time));
                    ASSERT_EQ(known->isHidden, job.isHidden);
                }
            }
        }
    }

    void compareList(std::uint64_t owner) {
        std::vector<JobId> expected;
        for (auto at = jobs.rbegin(); at != jobs.rend(); ++at) {
            if (at->second.owner == owner && at->second.isVisible(now)) {
                expected.push_back(idAt(at->first));
            }
        }
        std::vector<JobId> listed;
        std::optional<JobId> after;
        for (bool hasMore = true; hasMore && listed.size() <= expected.size();) {
            const JobList page =
                arena->list(ownerNumber(owner), after, std::nullopt, 1 + chance(9), now);
            for (const ListedJob& job : page.jobs) {
                listed.push_back(job.id);
            }
            hasMore = page.hasMore;
            after = page.next;
        }
        ASSERT_EQ(listed, expected);
    }

    void compareLimit(std::uint64_t owner) {
        const std::uint32_t open = openOf(owner);
        Asked job = asked(owner);
        job.isHidden = true;
        job.maxRunning = open;
        if (open > 0) {
            ASSERT_EQ(ask(job, now).status, AcceptStatus::TooManyRunning);
        }
        job.maxRunning = open + 1;
        const Accepted accepted = ask(job, now);
        ASSERT_EQ(accepted.status, AcceptStatus::Accepted);
        arena->withdraw(accepted.ref);
    }

    void walk(int steps) {
        using Step = void (ArenaModelTest::*)();
        const std::vector<Step> usual = {
            &ArenaModelTest::acceptOne,         &ArenaModelTest::acceptOne,
            &ArenaModelTest::publishOrWithdraw, &ArenaModelTest::commitOne,
            &ArenaModelTest::commitOne,         &ArenaModelTest::seizeOne,
            &ArenaModelTest::eraseOne,          &ArenaModelTest::expireAll};
        for (int step = 0; step < steps && !HasFatalFailure(); ++step) {
            now += chance(40);
            const std::uint64_t which = chance(200);
            if (which == 0) {
                moveToAnotherArena();
            } else if (which < 4) {
                changeWorkers();
            } else {
                (this->*usual[which % usual.size()])();
            }
            if (!HasFatalFailure()) {
                compare();
            }
        }
    }

    std::mt19937_64 random;
    std::map<std::uint64_t, Modelled> jobs;  ///< by the time in their ids
    std::uint64_t now = 1;
    std::uint64_t lastTime = 0;
};

TEST_F(ArenaModelTest, TheArenaIsWhatTheModelSays) {
    ASSERT_TRUE(arena->renewWorker(place, 1'000'000'000));
    walk(4000);
}

}  // namespace

}  // namespace edgerun::store
