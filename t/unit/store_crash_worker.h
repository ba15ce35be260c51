#pragma once

#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edgerun/store/job_arena.h"
#include "store_arena_fixture.h"
#include "store_shared_memory.h"

/// A worker whose life is cut short somewhere.
namespace edgerun::store {

inline constexpr std::uint64_t kJobs = 64;
inline constexpr std::uint64_t kLease = 100;

/// What the worker has been told, in memory that survives it.
struct Acknowledged {
    std::uint64_t version[kJobs];  ///< 0: not accepted, or removed
    std::uint8_t work[kJobs];      ///< how often its request was replaced
    run::JobStatus status[kJobs];
    bool mayBeGone[kJobs];  ///< a call that removes it had begun
    bool isSecret[kJobs];   ///< no call that shows it had begun, or one that erases it is over
};

inline IdempotencyKey keyOf(std::uint64_t number) {
    IdempotencyKey key;
    key.digest[0] = static_cast<std::uint8_t>(number);
    key.digest[15] = 1;
    return key;
}

/// One worker's life, touching every kind of change.
class Worker {
public:
    Worker(JobArena arena, Acknowledged& acknowledged)
        : arena_(arena), acknowledged_(acknowledged) {}

    void live() {
        place_ = *arena_.registerWorker(1, kLease);
        for (std::uint64_t number = 1; number <= 6; ++number) {
            accept(number);
        }
        commit(1, recordOf(JobStatus::Running), true);
        commit(2, recordOf(JobStatus::RequiresAction), false);
        commit(3, recordOf(JobStatus::Completed, Phase::DeleteThread), true);
        commit(3, recordOf(JobStatus::Completed, Phase::Done), false);
        commit(4, finishedRecord(), true);
        commit(1, finishedRecord(), true);
        expire();
        finishedMakeRoom();
        changeOwner();
        commit(2, finishedRecord(), true);
        arena_.releaseWorker(place_);
    }

    /// The same with what a journal and clients bring about.
    void liveWithOrders() {
        place_ = *arena_.registerWorker(1, kLease);
        accept(3);
        accept(4);
        for (const std::uint64_t number : {5, 6, 7}) {
            hide(number);
        }
        publish(5);
        withdraw(6);
        show(7);
        commit(7, recordOf(JobStatus::Running), true);
        seize(3);
        commit(3, recordOf(JobStatus::Cancelled, Phase::CancelRun), true);
        commit(3, recordOf(JobStatus::Cancelled, Phase::Done), false);
        eraseLive(4);
        erase(3);
        restore(8, recordOf(JobStatus::Running));
        restore(2, finishedRecord());
        restore(9, recordOf(JobStatus::Failed, Phase::CancelRun));
        finishedMakesRoom(2);
        commit(5, finishedRecord(), true);
        arena_.releaseWorker(place_);
    }

    /// The same with jobs of one thread, whose requests change, and stay when they are final.
    void liveInThread() {
        place_ = *arena_.registerWorker(1, kLease);
        pending_.threadId.assign("thread");
        for (const std::uint64_t number : {3, 6, 9}) {
            accept(number);
        }
        takeTurn(3);
        work(3, recordOf(JobStatus::Running), true);
        work(3, recordOf(JobStatus::Running), false);
        seize(3);
        work(3, keeping(JobStatus::Completed, Phase::CancelRun), true);
        work(3, keeping(JobStatus::Completed, Phase::DeleteThread), false);
        commit(3, keeping(JobStatus::Completed, Phase::Done), false);
        takeTurn(6);
        work(6, keeping(JobStatus::Completed, Phase::Done), true);
        takeTurn(9);
        commit(9, keeping(JobStatus::Failed, Phase::CancelRun), true);
        commit(9, recordOf(JobStatus::Failed, Phase::CancelRun), false);
        commit(9, recordOf(JobStatus::Failed, Phase::Done), false);
        restore(8, keeping(JobStatus::Failed, Phase::CancelRun));
        finishedMakesRoom(3);
        erase(6);
        arena_.releaseWorker(place_);
    }

private:
    using JobStatus = run::JobStatus;
    using Phase = run::Phase;
    using Commit = JobArena::Commit;

    NewJob newJob(std::uint64_t number) {
        texts_ = {bodyOf(number, 0), bodyOf(number, 1)};
        id_ = idNumber(number);
        owner_ = ownerNumber(number % 3);
        return {id_, owner_, pending_, texts_.first, texts_.second, keyOf(number)};
    }

    static run::Record keeping(JobStatus status, Phase phase) {
        run::Record record = recordOf(status, phase);
        record.keepsRequest = true;
        return record;
    }

    void takeTurn(std::uint64_t number) {
        if (arena_.takeTurn(refs_[number])) {
            _exit(10);
        }
    }

    void hide(std::uint64_t number) {
        acknowledged_.isSecret[number] = true;
        NewJob job = newJob(number);
        job.isHidden = true;
        const Accepted accepted = arena_.accept(place_, job, number);
        if (accepted.status != AcceptStatus::Accepted) {
            _exit(4);
        }
        refs_[number] = accepted.ref;
    }

    void publish(std::uint64_t number) {
        show(number);
        if (!arena_.publish(refs_[number])) {
            _exit(5);
        }
        acknowledged_.version[number] = 1;
    }

    void show(std::uint64_t number) { acknowledged_.isSecret[number] = false; }

    void withdraw(std::uint64_t number) {
        arena_.withdraw(refs_[number]);
        if (arena_.findKey(keyOf(number), 0)) {
            _exit(6);
        }
    }

    void seize(std::uint64_t number) {
        const Seized seized = arena_.seize(place_, idNumber(number), ownerNumber(number % 3));
        if (seized.outcome != Seizure::Taken) {
            _exit(7);
        }
        refs_[number] = seized.ref;
    }

    void eraseLive(std::uint64_t number) {
        seize(number);
        acknowledged_.mayBeGone[number] = true;
        run::Record record = recordOf(JobStatus::Cancelled, Phase::CancelRun);
        record.erased = true;
        commit(number, record, false);
        acknowledged_.isSecret[number] = true;
        record.phase = Phase::Done;
        commit(number, record, false);
    }

    void erase(std::uint64_t number) {
        acknowledged_.mayBeGone[number] = true;
        if (!arena_.erase(idNumber(number), ownerNumber(number % 3))) {
            _exit(8);
        }
        acknowledged_.isSecret[number] = true;
    }

    void restore(std::uint64_t number, run::Record record) {
        JobSnapshot job;
        job.id = idNumber(number);
        job.owner = ownerNumber(number % 3);
        job.key = keyOf(number);
        job.fence = 3;
        job.revision = 5;
        job.record = record;
        job.record.version = 2;
        job.request = bodyOf(number, 0);
        job.body = bodyOf(number, 2);
        acknowledged_.version[number] = 1;
        acknowledged_.mayBeGone[number] = true;
        if (arena_.restore(job, 0, 900) != Restored::Restored) {
            _exit(9);
        }
        acknowledged_.mayBeGone[number] = false;
        acknowledged_.version[number] = 2;
        acknowledged_.status[number] = record.status;
    }

    void finishedMakesRoom(std::uint64_t finished) {
        acknowledged_.mayBeGone[finished] = true;
        for (std::uint64_t number = 10; arena_.gauges().evicted == 0; ++number) {
            accept(number);
        }
        acknowledged_.version[finished] = 0;
    }

    void accept(std::uint64_t number) {
        const Accepted job = arena_.accept(place_, newJob(number), number);
        if (job.status == AcceptStatus::Accepted) {
            refs_[number] = job.ref;
            acknowledged_.version[number] = 1;
        }
    }

    /// A commit with a new request.
    void work(std::uint64_t number, run::Record record, bool hasBody) {
        record.toolRounds = acknowledged_.work[number] + 1;
        commit(number, record, hasBody, bodyOf(number, record.toolRounds));
        acknowledged_.work[number] = record.toolRounds;
    }

    void commit(std::uint64_t number, run::Record record, bool hasBody) {
        record.toolRounds = acknowledged_.work[number];
        commit(number, record, hasBody, std::nullopt);
    }

    void commit(std::uint64_t number, run::Record record, bool hasBody,
                const std::optional<std::string>& request) {
        const std::uint64_t version = acknowledged_.version[number] + (hasBody ? 1 : 0);
        record.version = version;
        record.threadId = pending_.threadId;
        const std::string text = bodyOf(number, version);
        JobUpdate update{record};
        if (hasBody) {
            update.body = text;
        }
        if (request) {
            update.request = *request;
        }
        if (arena_.commit(refs_[number], update, 10) != Commit::Done) {
            _exit(1);
        }
        acknowledged_.version[number] = version;
        acknowledged_.status[number] = record.status;
    }

    void expire() {
        acknowledged_.mayBeGone[3] = true;
        if (arena_.expire(1010, 1) != 1) {
            _exit(2);
        }
        acknowledged_.version[3] = 0;
    }

    void finishedMakeRoom() {
        acknowledged_.mayBeGone[4] = acknowledged_.mayBeGone[1] = true;
        for (std::uint64_t number = 10; number < kJobs; number += 3) {
            accept(number);
        }
        if (arena_.gauges().evicted != 2) {
            _exit(3);
        }
        acknowledged_.version[4] = acknowledged_.version[1] = 0;
    }

    void changeOwner() {
        arena_.release(refs_[5]);
        arena_.releaseWorker(place_);
        place_ = *arena_.registerWorker(1, kLease);
        std::uint32_t cursor = 0;
        std::vector<JobRef> taken;
        arena_.adopt(place_, 0, cursor, 100, taken);
        for (const JobRef& ref : taken) {
            refs_[arena_.idOf(ref).value()[7]] = ref;
        }
    }

    JobArena arena_;
    Acknowledged& acknowledged_;
    WorkerPlace place_;
    JobRef refs_[kJobs];

    // What newJob() refers to.
    JobId id_;
    JobOwner owner_;
    run::Record pending_;
    std::pair<std::string, std::string> texts_;
};

}  // namespace edgerun::store
