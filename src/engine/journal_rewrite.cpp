#include "journal_rewrite.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "edgerun/store/journal_record.h"
#include "journal_aside.h"
#include "journal_clock.h"

namespace edgerun::engine {

namespace {

constexpr std::size_t kJobsAtOnce = 256;
constexpr std::size_t kBytesAtOnce = 1024 * 1024;
constexpr std::int64_t kClockSlack = 86'400'000;  // ms that the wall clock may be set back

class Directory {
public:
    explicit Directory(const std::string& path) : listing_(store::listJournal(path)) {}

    /// When its oldest segment began, but for those.
    std::int64_t oldestBut(const std::vector<store::Segment>& segments) const {
        std::set<std::string> paths;
        for (const auto& segment : segments) {
            paths.insert(segment.path);
        }
        std::int64_t oldest = std::numeric_limits<std::int64_t>::max();
        for (const auto& writer : listing_.writers) {
            for (const auto& segment : writer.segments) {
                const bool isOther = paths.count(segment.path) == 0;
                oldest = isOther ? std::min(oldest, segment.header.createdWall) : oldest;
            }
        }
        return oldest;
    }

    std::set<store::JobId> jobsOf(std::uint64_t instance) const {
        store::JournalReplay replay;
        for (const auto& writer : listing_.writers) {
            for (const auto& segment : writer.segments) {
                if (writer.instance == instance) {
                    replay.add(segment);
                }
            }
        }
        const auto jobs = replay.jobs();
        return {jobs.begin(), jobs.end()};
    }

private:
    store::DirectoryListing listing_;
};

}  // namespace

JournalRewrite::JournalRewrite(std::string directory, std::vector<store::Segment> segments)
    : directory_(std::move(directory)), unread_(std::move(segments)) {
    std::reverse(unread_.begin(), unread_.end());
}

bool JournalRewrite::next(store::JobArena& arena, std::string& frames) {
    if (!unread_.empty()) {
        readSegment();
        if (unread_.empty()) {
            plan(arena.instance());
        }
        return true;
    }
    if (nextJob_ < jobs_.size()) {
        appendJobs(arena, frames);
    } else {
        appendGone(frames);
    }
    return nextJob_ < jobs_.size() || nextGone_ < gone_.size();
}

void JournalRewrite::readSegment() {
    const std::size_t tornBefore = replay_.torn();
    if (replay_.add(unread_.back())) {
        if (replay_.torn() != tornBefore) {
            torn_.push_back(unread_.back());
        }
        segments_.push_back(std::move(unread_.back()));
    } else {
        damaged_.push_back(unread_.back().path);
    }
    unread_.pop_back();
}

/// That a job is gone must be said as long as an older record of it may stand in another segment.
void JournalRewrite::plan(std::uint64_t instance) {
    const Directory directory(directory_);
    const auto aside = directory.jobsOf(asideOf(instance));
    jobs_ = replay_.jobs();
    const auto isAside = [&](const store::JobId& id) { return aside.count(id) != 0; };
    jobs_.erase(std::remove_if(jobs_.begin(), jobs_.end(), isAside), jobs_.end());

    gone_ = replay_.gone();
    const std::int64_t oldest = std::max(directory.oldestBut(segments_), kClockSlack) - kClockSlack;
    const auto isNeedless = [&](const store::JournalReplay::Gone& gone) {
        return gone.time.wall < oldest;
    };
    gone_.erase(std::remove_if(gone_.begin(), gone_.end(), isNeedless), gone_.end());
}

void JournalRewrite::appendJobs(store::JobArena& arena, std::string& frames) {
    const std::size_t end = std::min(jobs_.size(), nextJob_ + kJobsAtOnce);
    const std::size_t most = frames.size() + kBytesAtOnce;
    for (; nextJob_ < end && frames.size() < most; nextJob_++) {
        const store::JobId& id = jobs_[nextJob_];
        if (const auto job = arena.snapshot(id)) {
            store::appendWhole(frames, *job, readClocks());
        } else {
            store::appendGone(frames, id, readClocks());
        }
    }
}

void JournalRewrite::appendGone(std::string& frames) {
    const std::size_t most = frames.size() + kBytesAtOnce;
    for (; nextGone_ < gone_.size() && frames.size() < most; nextGone_++) {
        store::appendGone(frames, gone_[nextGone_].id, gone_[nextGone_].time);
    }
}

}  // namespace edgerun::engine
