#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "../../src/store/arena_layout.h"
#include "store_arena_fixture.h"

namespace edgerun::store {

/// Ids sort as these numbers do, as real ones by their time.
inline JobId idAt(std::uint64_t time, std::uint8_t random = 0) {
    JobId id{};
    for (std::size_t at = 0; at < 6; ++at) {
        id[at] = static_cast<std::uint8_t>(time >> (40 - 8 * at));
    }
    id[7] = random;
    return id;
}

/// `request`: what came with it.
inline IdempotencyKey keyNumber(std::uint64_t number, std::uint8_t request = 1) {
    IdempotencyKey key;
    std::memcpy(key.digest.data(), &number, sizeof(number));
    key.digest[15] = 1;
    key.fingerprint[0] = request;
    return key;
}

/// A job to accept, of which a test changes what it is about.
struct Asked {
    explicit Asked(std::uint64_t time) : id(idAt(time)) {}

    JobId id;
    JobOwner owner = ownerNumber(1);
    run::Record record;
    std::string_view request = "request";
    std::string_view body = "body";
    IdempotencyKey key;
    std::uint32_t maxRunning = 0;
    bool isHidden = false;
};

inline Asked hidden(std::uint64_t time) {
    Asked job(time);
    job.isHidden = true;
    return job;
}

inline Asked keyed(std::uint64_t time, const IdempotencyKey& key) {
    Asked job(time);
    job.key = key;
    return job;
}

inline Asked ownedBy(std::uint64_t owner, std::uint64_t time) {
    Asked job(time);
    job.owner = ownerNumber(owner);
    return job;
}

/// Cancelled, but the run upstream is not yet.
inline run::Record cancelledRecord(run::Phase phase = run::Phase::CancelRun) {
    return recordOf(run::JobStatus::Cancelled, phase);
}

inline run::Record erasedRecord(run::Phase phase = run::Phase::CancelRun) {
    run::Record record = cancelledRecord(phase);
    record.erased = true;
    return record;
}

/// An arena whose jobs are named by the time in their ids.
class JobsTest : public ArenaTest {
protected:
    using ArenaTest::ArenaTest;

    Accepted ask(const Asked& job, std::uint64_t now = 0) {
        return arena->accept(place,
                             NewJob{job.id, job.owner, job.record, job.request, job.body, job.key,
                                    job.maxRunning, job.isHidden},
                             now);
    }

    JobRef take(const Asked& job, std::uint64_t now = 0) {
        const Accepted accepted = ask(job, now);
        EXPECT_EQ(accepted.status, AcceptStatus::Accepted);
        return accepted.ref;
    }

    void commit(const JobRef& ref, const run::Record& record,
                std::optional<std::string_view> text = std::nullopt, std::uint64_t now = 0) {
        EXPECT_EQ(arena->commit(ref, {record, text}, now), JobArena::Commit::Done);
    }

    bool isSeen(std::uint64_t time, std::uint64_t now = 0, std::uint64_t owner = 1) {
        char buffer[32 * 1024];
        const JobView job =
            arena->read(idAt(time), ownerNumber(owner), now, buffer, sizeof(buffer));
        body.assign(buffer, job.found == JobView::Found::Yes ? job.size : 0);
        return job.found == JobView::Found::Yes;
    }

    std::vector<JobRef> adoptAll(const WorkerPlace& by, std::uint64_t now = 0) {
        std::vector<JobRef> taken;
        std::uint32_t cursor = 0;
        for (int call = 0; call < 10; ++call) {
            arena->adopt(by, now, cursor, 10'000, taken);
        }
        return taken;
    }

    /// Asks for the job's turn.
    std::optional<JobId> jobAheadOf(const JobRef& ref) {
        const std::optional<JobWatch> ahead = arena->takeTurn(ref);
        if (!ahead) {
            return std::nullopt;
        }
        EXPECT_FALSE(arena->hasChanged(*ahead));
        return viewMemory(memory.data(), memory.size(), arena->limits())->slots[ahead->slot].id;
    }

    WorkerPlace otherPlace() { return *arena->registerWorker(1, 1'000'000); }
};

}  // namespace edgerun::store
