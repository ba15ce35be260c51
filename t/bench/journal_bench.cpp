#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "edgerun/store/journal_record.h"
#include "edgerun/store/journal_replay.h"
#include "edgerun/store/journal_writer.h"

/// What a start costs with a journal: reading all records, and putting each job together, on one
/// core and from files that the system has in memory. Of each job there are four records, of 1 KB
/// on the average, scattered among those of others. Argument: jobs.
namespace edgerun::store {

namespace {

constexpr std::size_t kTogether = 1000;  // jobs under way at a time
constexpr std::size_t kRequestBytes = 1200;
constexpr std::size_t kFirstBody = 300;
constexpr std::size_t kLastBody = 1600;

JobSnapshot jobNumber(std::uint64_t number, std::mt19937_64& random) {
    JobSnapshot job;
    job.owner.user.fill(static_cast<std::uint8_t>(number));
    job.id = makeJobId(static_cast<std::int64_t>(1'800'000'000'000 + number), 1, job.owner, {})
                 .value_or(JobId{});
    job.key.digest.fill(static_cast<std::uint8_t>(random()));
    job.fence = 1;
    job.record.provider = random();
    job.record.createdWall = static_cast<std::int64_t>(1'800'000'000'000 + number);
    job.request.assign(kRequestBytes, 'q');
    job.body.assign(kFirstBody, 'b');
    return job;
}

/// Each record that a job leaves on its way.
void appendTurn(std::string& out, JobSnapshot& job, int turn) {
    const JournalTime time{1000, 1'800'000'000'000};
    job.revision = static_cast<std::uint32_t>(turn);
    switch (turn) {
        case 0:
            appendWhole(out, job, time);
            return;
        case 1:
            job.record.phase = run::Phase::CreateRun;
            job.record.intentAt = 123'456'789;
            job.record.deadline = 123'546'789;
            job.record.threadId.assign("thread_abcdefghijklmnopqrstuvwx");
            appendStep(out, job.id, 1, job.revision, {job.record}, time);
            return;
        case 2:
            job.record.status = run::JobStatus::Running;
            job.record.startedWall = job.record.createdWall + 500;
            job.record.runId.assign("run_abcdefghijklmnopqrstuvwx");
            appendStep(out, job.id, 1, job.revision, {job.record, std::string(kFirstBody, 'r')},
                       time);
            return;
        default:
            job.record.status = run::JobStatus::Completed;
            job.record.phase = run::Phase::Done;
            job.record.completedWall = job.record.startedWall + 5000;
            job.record.usage = {1000, 500, 1500};
            appendStep(out, job.id, 1, job.revision, {job.record, std::string(kLastBody, 'a')},
                       time);
            return;
    }
}

constexpr int kTurns = 4;

/// A directory with a journal in it, for the time of a benchmark.
class JournalOnDisk {
public:
    explicit JournalOnDisk(std::size_t jobs) {
        char name[] = "/tmp/edgerun-journal-bench-XXXXXX";
        directory = mkdtemp(name);
        std::string problem;
        const auto writer = JournalWriter::create(directory, 1, problem);
        if (!writer) {
            std::fprintf(stderr, "%s\n", problem.c_str());
            std::exit(1);
        }
        std::mt19937_64 random(1);
        for (std::size_t from = 0; from < jobs; from += kTogether) {
            write(*writer, from, std::min(jobs, from + kTogether), random);
        }
    }
    ~JournalOnDisk() { std::filesystem::remove_all(directory); }

    std::string directory;
    std::size_t bytes = 0;

private:
    void write(JournalWriter& writer, std::size_t from, std::size_t to, std::mt19937_64& random) {
        std::vector<JobSnapshot> jobs;
        for (std::size_t number = from; number < to; ++number) {
            jobs.push_back(jobNumber(number, random));
        }
        for (int turn = 0; turn < kTurns; ++turn) {
            std::shuffle(jobs.begin(), jobs.end(), random);
            std::string frames;
            for (JobSnapshot& job : jobs) {
                appendTurn(frames, job, turn);
            }
            bytes += frames.size();
            if (!writer.write(frames, false).isDone) {
                std::exit(1);
            }
        }
    }
};

void journalReplay(benchmark::State& state) {
    const auto jobs = static_cast<std::size_t>(state.range(0));
    const JournalOnDisk journal(jobs);
    const DirectoryListing listing = listJournal(journal.directory);
    for ([[maybe_unused]] const auto _ : state) {
        JournalReplay replay;
        for (const Segment& segment : listing.writers.at(0).segments) {
            replay.add(segment);
        }
        std::size_t bodies = 0;
        for (const JobId& id : replay.jobs()) {
            bodies += replay.find(id).value().job.body.size();
        }
        if (bodies != jobs * kLastBody || replay.records() != jobs * kTurns) {
            state.SkipWithError("a job is not as it was written");
        }
    }
    const std::size_t records = jobs * kTurns;
    state.SetItemsProcessed(static_cast<std::int64_t>(records) * state.iterations());
    state.counters["bytes/record"] = static_cast<double>(journal.bytes / records);
}
BENCHMARK(journalReplay)->Arg(10'000)->Arg(125'000)->Unit(benchmark::kMillisecond);

/// What a worker's event loop does for a journal: one record into a group.
void appendOneStep(benchmark::State& state) {
    std::mt19937_64 random(1);
    JobSnapshot job = jobNumber(1, random);
    std::string frames;
    for ([[maybe_unused]] const auto _ : state) {
        frames.clear();
        appendTurn(frames, job, 3);
        benchmark::DoNotOptimize(frames.data());
    }
    state.counters["bytes"] = static_cast<double>(frames.size());
}
BENCHMARK(appendOneStep);

}  // namespace

}  // namespace edgerun::store
