#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edgerun/store/job_arena.h"

namespace edgerun::store {

/// For one thread; notices a lock that is taken twice or given back untaken.
class SingleThreadLock : public SharedLock {
public:
    void lock() noexcept override { EXPECT_FALSE(std::exchange(isLocked_, true)); }
    void unlock() noexcept override { EXPECT_TRUE(std::exchange(isLocked_, false)); }

private:
    bool isLocked_ = false;
};

inline JobIdSecret testSecret() {
    JobIdSecret secret;
    for (std::size_t at = 0; at < secret.size(); ++at) {
        secret[at] = static_cast<std::uint8_t>(at * 7 + 1);
    }
    return secret;
}

inline JobOwner ownerNumber(std::uint64_t number) {
    JobOwner owner;
    std::memcpy(owner.user.data(), &number, sizeof(number));
    owner.scope = 1;
    return owner;
}

/// Distinct by `number` where real ids have their random bits.
inline JobId idNumber(std::uint64_t number) {
    JobId id{};
    std::memcpy(&id[7], &number, sizeof(number));
    return id;
}

inline run::Record recordOf(run::JobStatus status, run::Phase phase = run::Phase::PollRun) {
    run::Record record;
    record.status = status;
    record.phase = phase;
    return record;
}

inline run::Record finishedRecord() {
    return recordOf(run::JobStatus::Completed, run::Phase::Done);
}

/// Memory of exactly the arena's size, so that a sanitizer sees every byte
/// beyond it; not zeroed, because zones need not be.
class ArenaMemory {
public:
    explicit ArenaMemory(std::size_t bytes, int fill = 0xa5)
        : bytes_(bytes), memory_(std::aligned_alloc(16, bytes)) {
        std::memset(memory_, fill, bytes);
    }
    ~ArenaMemory() { std::free(memory_); }
    ArenaMemory(const ArenaMemory&) = delete;
    ArenaMemory& operator=(const ArenaMemory&) = delete;

    char* data() const { return static_cast<char*>(memory_); }
    std::size_t size() const { return bytes_; }

private:
    std::size_t bytes_;
    void* memory_;
};

class ArenaTest : public testing::Test {
protected:
    explicit ArenaTest(std::size_t bytes = 256 * 1024, ArenaLimits limits = {1000, 16 * 1024})
        : memory(bytes) {
        EXPECT_TRUE(JobArena::format(memory.data(), memory.size(), limits, testSecret()));
        arena = JobArena::attach(memory.data(), memory.size(), lock);
        place = *arena->registerWorker(1, 1000);
    }

    Accepted tryAccept(std::uint64_t number, std::uint64_t now = 0,
                       std::string_view request = "request", std::string_view body = "body") {
        return arena->accept(place, {idNumber(number), ownerNumber(1), {}, request, body}, now);
    }

    JobRef accept(std::uint64_t number, std::uint64_t now = 0, std::string_view request = "request",
                  std::string_view body = "body") {
        const Accepted accepted = tryAccept(number, now, request, body);
        EXPECT_EQ(accepted.status, AcceptStatus::Accepted) << "job " << number;
        return accepted.ref;
    }

    void finish(const JobRef& ref, std::uint64_t now = 0) {
        EXPECT_EQ(arena->commit(ref, {finishedRecord(), "finished"}, now), JobArena::Commit::Done);
    }

    JobView view(std::uint64_t number, std::uint64_t now = 0) {
        char buffer[32 * 1024];
        const JobView job =
            arena->read(idNumber(number), ownerNumber(1), now, buffer, sizeof(buffer));
        body.assign(buffer, job.found == JobView::Found::Yes ? job.size : 0);
        return job;
    }

    bool exists(std::uint64_t number, std::uint64_t now = 0) {
        return view(number, now).found == JobView::Found::Yes;
    }

    SingleThreadLock lock;
    ArenaMemory memory;
    std::optional<JobArena> arena;
    WorkerPlace place;
    std::string body;  ///< as the last view() found it
};

}  // namespace edgerun::store
