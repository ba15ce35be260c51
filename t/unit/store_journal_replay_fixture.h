#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/store/journal_replay.h"
#include "store_journal_fixture.h"

namespace edgerun::store {

/// One record of a job, told by what it says.
struct Said {
    JournalKind kind;
    std::uint32_t fence = 0;
    std::uint32_t revision = 0;
    run::Phase phase = run::Phase::CreateThread;
    std::optional<std::string_view> body = {};
    std::uint64_t at = 0;  ///< monotonic and wall
};

inline JobSnapshot jobOf(const Said& said) {
    JobSnapshot job = fullJob(1);
    job.fence = said.fence;
    job.revision = said.revision;
    job.record = {};
    job.record.phase = said.phase;
    job.request = "request of fence " + std::to_string(said.fence);
    job.body = said.body.value_or("");
    return job;
}

inline std::string frameOf(const Said& said, const JobId& id = journalId(1)) {
    std::string frame;
    const JournalTime time{said.at, static_cast<std::int64_t>(said.at)};
    JobSnapshot job = jobOf(said);
    job.id = id;
    switch (said.kind) {
        case JournalKind::Whole:
            appendWhole(frame, job, time);
            break;
        case JournalKind::Step:
            appendStep(frame, id, said.fence, said.revision, {job.record, said.body}, time);
            break;
        case JournalKind::Gone:
            appendGone(frame, id, time);
            break;
    }
    return frame;
}

inline std::string framesOf(const std::vector<Said>& records) {
    std::string frames;
    for (const Said& said : records) {
        frames += frameOf(said);
    }
    return frames;
}

class JournalReplayTest : public JournalDirectory {
protected:
    /// Each file of a writer of its own.
    void replay(const std::vector<std::string>& files) {
        replayed = std::make_unique<JournalReplay>();
        std::uint64_t writer = 0;
        for (const std::string& frames : files) {
            EXPECT_TRUE(replayed->add(putSegment({++writer, 7, 1, 0}, frames)));
        }
    }
    void replayRecords(const std::vector<Said>& records) { replay({framesOf(records)}); }

    std::optional<ReplayedJob> find() { return replayed->find(journalId(1)); }

    std::unique_ptr<JournalReplay> replayed;
};

/// What a job's commits say of its request, its body and its steps.
inline std::string stepFrame(std::uint32_t revision, const JobUpdate& update) {
    std::string frame;
    appendStep(frame, journalId(1), 1, revision, update, {});
    return frame;
}

}  // namespace edgerun::store
