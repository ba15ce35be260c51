#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <string>

#include "edgerun/store/crash_point.h"
#include "edgerun/store/job_arena.h"
#include "store_shared_memory.h"

#ifdef EDGERUN_CRASH_POINTS

namespace edgerun::store {

namespace {

using run::JobStatus;

constexpr std::size_t kArenaBytes = JobArena::kMinimumBytes;
constexpr std::uint64_t kLease = 100;

class CrashSignalTest : public testing::Test {
protected:
    void format() {
        ASSERT_TRUE(JobArena::format(memory.data(), kArenaBytes, {1000, 4096}, testSecret()));
    }

    SharedMemory memory{kArenaBytes};
    ForcedLock lock;
};

/// In memory that survives who signals.
class CountingSignal : public ChangeSignal {
public:
    explicit CountingSignal(std::atomic<int>& count) : count_(count) {}
    void signal() noexcept override { ++count_; }

private:
    std::atomic<int>& count_;
};

TEST_F(CrashSignalTest, AChangeWhoseWorkerDiesIsSignalledByTheNext) {
    SharedMemory counter(sizeof(std::atomic<int>));
    auto& count = *new (counter.data()) std::atomic<int>(0);
    CountingSignal signal(count);
    bool survived = false;
    int changes = 0;
    for (std::uint64_t passage = 1; !survived && !HasFailure(); ++passage) {
        SCOPED_TRACE("death at passage " + std::to_string(passage));
        format();
        JobArena arena = *JobArena::attach(memory.data(), kArenaBytes, lock, &signal);
        const WorkerPlace place = *arena.registerWorker(1, kLease);
        const Accepted job =
            arena.accept(place, {idNumber(1), ownerNumber(1), {}, "request", "body"}, 0);
        const JobWatch watch = *arena.watch(idNumber(1), ownerNumber(1));
        count = 0;
        survived = survives(passage, [&] {
            arena.commit(job.ref, {recordOf(JobStatus::Running), "running"}, 10);
        });
        arena.gauges();
        changes += arena.hasChanged(watch) ? 1 : 0;
        EXPECT_TRUE(!arena.hasChanged(watch) || count > 0);
        char buffer[64];
        const auto seen = arena.read(idNumber(1), ownerNumber(1), 10, buffer, sizeof(buffer));
        EXPECT_TRUE(seen.status == JobStatus::Pending || arena.hasChanged(watch));
    }
    EXPECT_GT(changes, 5);
}

TEST_F(CrashSignalTest, OneProcessDiesAtThePointThatAFileNames) {
    const std::string path = testing::TempDir() + "edgerun_crash_" + std::to_string(getpid());
    const auto registers = [&] {
        return endsWell(start([&] {
            crashFile = path.c_str();
            JobArena::attach(memory.data(), kArenaBytes, lock)->registerWorker(1, kLease);
        }));
    };
    format();
    EXPECT_TRUE(registers()) << "no file, no death";
    std::ofstream(path) << "place_vacated\n";
    EXPECT_TRUE(registers()) << "not at that point";
    std::ofstream(path) << "place_filled\nand what follows\n";
    EXPECT_FALSE(registers());
    EXPECT_TRUE(registers()) << "only one";
    EXPECT_NE(access(path.c_str(), F_OK), 0);
}

}  // namespace

}  // namespace edgerun::store

#endif
