#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "edgerun/store/job_arena.h"
#include "edgerun/store/journal_files.h"
#include "edgerun/store/journal_replay.h"

namespace edgerun::engine {

/// Says anew what some segments of a zone's journal say of jobs, without what counts no more: of
/// each job what the zone holds of it, or that it is gone (unless it was set aside). Once that is
/// on the disk the segments can go.
///
/// The zone must have all that the segments say: groups that are not yet told of are not among
/// them.
class JournalRewrite {
public:
    JournalRewrite(std::string directory, std::vector<store::Segment> segments);

    /// Appends a little of it to `frames`. False when that was the last.
    bool next(store::JobArena& arena, std::string& frames);

    /// Those whose jobs stand in the frames.
    const std::vector<store::Segment>& segments() const { return segments_; }
    /// Those of them that end in something that is no record.
    const std::vector<store::Segment>& torn() const { return torn_; }
    /// Paths of those that could not be read.
    const std::vector<std::string>& damaged() const { return damaged_; }

private:
    void readSegment();
    void plan(std::uint64_t instance);
    void appendJobs(store::JobArena& arena, std::string& frames);
    void appendGone(std::string& frames);

    std::string directory_;
    std::vector<store::Segment> unread_;  // the next one last
    std::vector<store::Segment> segments_;
    std::vector<store::Segment> torn_;
    std::vector<std::string> damaged_;
    store::JournalReplay replay_;
    std::vector<store::JobId> jobs_;
    std::size_t nextJob_ = 0;
    std::vector<store::JournalReplay::Gone> gone_;
    std::size_t nextGone_ = 0;
};

}  // namespace edgerun::engine
