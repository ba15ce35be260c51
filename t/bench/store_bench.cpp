#include <benchmark/benchmark.h>
#include <endian.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "edgerun/store/job_arena.h"
#include "edgerun/store/job_id.h"

/// What the arena costs with many jobs in flight, on one core and with a lock
/// that is never contended. Argument: jobs in the arena.
namespace edgerun::store {

namespace {

constexpr std::size_t kBodyBytes = 300;
constexpr std::size_t kBytesPerJob = 5000;

class FreeLock : public SharedLock {
public:
    void lock() noexcept override {}
    void unlock() noexcept override {}
};

struct Release {
    void operator()(void* memory) const { std::free(memory); }
};

JobOwner ownerNumber(std::uint64_t number) {
    JobOwner owner;
    owner.user.fill(static_cast<std::uint8_t>(number));
    std::memcpy(owner.user.data(), &number, sizeof(number));
    return owner;
}

constexpr std::int64_t kFirstTime = 1'800'000'000'000;

struct Job {
    JobId id;
    JobOwner owner;
    JobRef ref;
};

/// An arena with jobs of so many users, to be looked at in random order.
class Fixture {
public:
    explicit Fixture(std::size_t jobs, std::uint64_t users = 1000) : Fixture(jobs, users, jobs) {}

    Fixture(std::size_t room, std::uint64_t users, std::size_t jobs)
        : bytes_((room + 1000) * kBytesPerJob / 64 * 64), memory_(std::aligned_alloc(64, bytes_)) {
        JobArena::format(memory_.get(), bytes_, {}, secret);
        arena.emplace(*JobArena::attach(memory_.get(), bytes_, lock_));
        place = *arena->registerWorker(1, UINT64_MAX);
        for (std::size_t number = 0; number < jobs; ++number) {
            Job job{{}, ownerNumber(number % users), {}};
            job.id = *makeJobId(kFirstTime + number, 0, job.owner, secret);
            job.ref = accept(job.id, job.owner).ref;
            inOrder_.push_back(job);
        }
        shuffled_ = inOrder_;
        std::shuffle(shuffled_.begin(), shuffled_.end(), std::mt19937_64(1));
    }

    const Job& next() { return shuffled_[turn_++ % shuffled_.size()]; }
    std::size_t size() const { return shuffled_.size(); }
    const std::vector<Job>& inOrder() const { return inOrder_; }

    Accepted accept(const JobId& id, const JobOwner& owner, const run::Record& record = {}) {
        return arena->accept(place, {id, owner, record, request, body}, 1000);
    }

    const std::string request = std::string(400, 'q');
    const std::string body = std::string(kBodyBytes, 'b');
    const JobIdSecret secret{};
    std::optional<JobArena> arena;
    WorkerPlace place;

private:
    FreeLock lock_;
    std::size_t bytes_;
    std::unique_ptr<void, Release> memory_;
    std::vector<Job> inOrder_;
    std::vector<Job> shuffled_;
    std::size_t turn_ = 0;
};

void read(benchmark::State& state) {
    Fixture jobs(state.range(0));
    char buffer[1024];
    while (state.KeepRunning()) {
        const Job& job = jobs.next();
        const JobView view = jobs.arena->read(job.id, job.owner, 2000, buffer, sizeof(buffer));
        if (view.found != JobView::Found::Yes) {
            state.SkipWithError("not found");
        }
        benchmark::DoNotOptimize(buffer);
    }
}

void commitWithBody(benchmark::State& state) {
    Fixture jobs(state.range(0));
    run::Record record;
    record.status = run::JobStatus::Running;
    while (state.KeepRunning()) {
        const JobRef& ref = jobs.next().ref;
        if (jobs.arena->commit(ref, {record, jobs.body}, 2000) != JobArena::Commit::Done) {
            state.SkipWithError("not committed");
        }
    }
}

/// A poll of the provider changes the record only.
void commitRecord(benchmark::State& state) {
    Fixture jobs(state.range(0));
    run::Record record;
    while (state.KeepRunning()) {
        const JobRef& ref = jobs.next().ref;
        if (jobs.arena->commit(ref, {record}, 2000) != JobArena::Commit::Done) {
            state.SkipWithError("not committed");
        }
    }
}

/// Of a job that is finished at once; beyond the arena's size, each acceptance
/// also removes the oldest.
void acceptAndEvict(benchmark::State& state) {
    Fixture jobs(state.range(0));
    run::Record record;
    record.status = run::JobStatus::Completed;
    record.phase = run::Phase::Done;
    for (std::uint32_t turn = 0; state.KeepRunning(); ++turn) {
        // A later id; its bucket is as random as the first one's.
        Job job = jobs.next();
        const std::uint32_t later = htobe32(turn);
        ++job.id[0];
        std::memcpy(&job.id[2], &later, sizeof(later));
        if (jobs.accept(job.id, job.owner, record).status != AcceptStatus::Accepted) {
            state.SkipWithError("refused");
        }
    }
}

void adoptIdle(benchmark::State& state) {
    Fixture jobs(state.range(0));
    std::uint32_t cursor = 0;
    std::vector<JobRef> taken;
    for (std::size_t call = 0; call < jobs.size() / 1000; ++call) {
        jobs.arena->adopt(jobs.place, 2000, cursor, 64, taken);
    }
    while (state.KeepRunning()) {
        jobs.arena->adopt(jobs.place, 2000, cursor, 64, taken);
    }
    if (!taken.empty()) {
        state.SkipWithError("adopted its own");
    }
}

/// All jobs of a worker that left, 64 a call.
void adoptAll(benchmark::State& state) {
    Fixture jobs(state.range(0));
    std::uint32_t cursor = 0;
    while (state.KeepRunning()) {
        const WorkerPlace next = *jobs.arena->registerWorker(1, UINT64_MAX);
        jobs.arena->releaseWorker(jobs.place);
        jobs.place = next;
        std::vector<JobRef> taken;
        while (taken.size() < jobs.size()) {
            jobs.arena->adopt(next, 2000, cursor, 64, taken);
        }
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

void listPage(benchmark::State& state) {
    Fixture jobs(state.range(0));
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(
            jobs.arena->list(jobs.next().owner, std::nullopt, std::nullopt, 20, 2000));
    }
}

/// The longest that one call takes: one owner has all jobs, none of them wanted.
void listInVain(benchmark::State& state) {
    Fixture jobs(state.range(0), 1);
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(
            jobs.arena->list(jobs.next().owner, std::nullopt, run::JobStatus::Failed, 20, 2000));
    }
}

/// A waiting client's look at its job.
void hasChanged(benchmark::State& state) {
    Fixture jobs(state.range(0));
    const JobWatch watch = *jobs.arena->watch(jobs.next().id, jobs.next().owner);
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(jobs.arena->hasChanged(watch));
    }
}

/// All jobs of an earlier life, each alone.
void restoreAll(benchmark::State& state) {
    while (state.KeepRunning()) {
        state.PauseTiming();
        auto former = std::make_unique<Fixture>(state.range(0));
        auto next = std::make_unique<Fixture>(state.range(0), 1000, 0);
        state.ResumeTiming();
        for (const Job& job : former->inOrder()) {
            const std::optional<JobSnapshot> whole = former->arena->snapshot(job.id);
            if (!whole || next->arena->restore(*whole, 1000, 0) != Restored::Restored) {
                state.SkipWithError("not restored");
            }
        }
        state.PauseTiming();
        former.reset();
        next.reset();
        state.ResumeTiming();
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

void makeId(benchmark::State& state) {
    const JobIdSecret secret{};
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(makeJobId(kFirstTime, 0, ownerNumber(1), secret));
    }
}

void checkId(benchmark::State& state) {
    const JobIdSecret secret{};
    const JobId id = *makeJobId(kFirstTime, 0, ownerNumber(1), secret);
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(isGenuine(id, ownerNumber(1), secret));
    }
}

BENCHMARK(read)->Arg(10'000)->Arg(100'000);
BENCHMARK(commitWithBody)->Arg(10'000)->Arg(100'000);
BENCHMARK(commitRecord)->Arg(10'000)->Arg(100'000);
BENCHMARK(acceptAndEvict)->Arg(10'000)->Arg(100'000);
BENCHMARK(adoptIdle)->Arg(10'000)->Arg(100'000);
BENCHMARK(adoptAll)->Arg(10'000)->Arg(100'000);
BENCHMARK(listPage)->Arg(10'000)->Arg(100'000);
BENCHMARK(listInVain)->Arg(10'000)->Arg(100'000);
BENCHMARK(hasChanged)->Arg(10'000);
BENCHMARK(restoreAll)->Arg(100'000);
BENCHMARK(makeId);
BENCHMARK(checkId);

}  // namespace

}  // namespace edgerun::store
