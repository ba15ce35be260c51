#pragma once

#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "edgerun/store/crash_point.h"
#include "edgerun/store/job_arena.h"
#include "store_arena_fixture.h"

namespace edgerun::store {

/// Memory that a process shares with its children.
class SharedMemory {
public:
    explicit SharedMemory(std::size_t bytes)
        : bytes_(bytes),
          memory_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    }
    ~SharedMemory() { munmap(memory_, bytes_); }
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;

    void* data() const { return memory_; }
    std::size_t size() const { return bytes_; }

private:
    std::size_t bytes_;
    void* memory_;
};

/// For processes that run one after another: a dead one's lock is free.
class ForcedLock : public SharedLock {
public:
    void lock() noexcept override {}
    void unlock() noexcept override {}
};

/// As ngx_shmtx: the word is the holder's pid, and the parent frees a dead one's.
class PidLock : public SharedLock {
public:
    explicit PidLock(std::atomic<pid_t>& holder) : holder_(holder) {}

    void lock() noexcept override {
        for (pid_t nobody = 0; !holder_.compare_exchange_weak(nobody, getpid()); nobody = 0) {
            sched_yield();
        }
    }
    void unlock() noexcept override { holder_ = 0; }

private:
    std::atomic<pid_t>& holder_;
};

/// Starts a process that does `work` and exits with 0.
inline pid_t start(const std::function<void()>& work) {
    const pid_t child = fork();
    if (child == 0) {
        work();
        _exit(0);
    }
    return child;
}

/// False if the process did not end by itself.
inline bool endsWell(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFEXITED(status)) {
        EXPECT_EQ(WEXITSTATUS(status), 0);
        return true;
    }
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
    return false;
}

#ifdef EDGERUN_CRASH_POINTS

/// True if `work` came to its end before that passage.
inline bool survives(std::uint64_t passage, const std::function<void()>& work) {
    return endsWell(start([&] {
        passagesUntilCrash = passage;
        work();
        passagesUntilCrash = 0;
    }));
}

#endif

/// What job `number` shows in `version`: any mixture of two would be noticed.
/// Every third job's take several blocks.
inline std::string bodyOf(std::uint64_t number, std::uint64_t version) {
    return std::string(100 + (number % 3 == 0 ? (version * 5 + 3) % 13 * 200 : 0),
                       static_cast<char>('A' + (number * 31 + version) % 57));
}

}  // namespace edgerun::store
