#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edgerun/store/job_snapshot.h"
#include "edgerun/store/journal_files.h"
#include "edgerun/store/journal_record.h"

namespace edgerun::store {

/// A job as a journal holds it.
struct ReplayedJob {
    JobSnapshot job;
    JournalTime written;  ///< of the newest record
};

/// Puts together what several segments, of any writers, say about jobs. Of each job counts the
/// newest record, body and request (fence, then revision; of equals, the later one in its
/// file); a job that is gone stays so. Segments are mapped, not copied. May take long: not for an
/// event loop.
class JournalReplay {
public:
    JournalReplay();
    ~JournalReplay();
    JournalReplay(const JournalReplay&) = delete;
    JournalReplay& operator=(const JournalReplay&) = delete;

    /// False when it cannot be read: its jobs are missing then. A torn end is no fault: what
    /// stands there was never promised.
    bool add(const Segment& segment);

    std::size_t records() const;
    /// Bytes behind whole records that are not zeros: torn ends.
    std::size_t torn() const;

    /// Ids of all jobs that are not gone, oldest first.
    std::vector<JobId> jobs() const;
    /// nullopt when its first record is missing, or one that counts is malformed, perhaps by what
    /// only a later version knows.
    std::optional<ReplayedJob> find(const JobId& id) const;
    /// Of a malformed job: the records that count, as they are. False when the first one is
    /// missing: then there is nothing to keep.
    bool appendAsWritten(std::string& frames, const JobId& id) const;

    struct Gone {
        JobId id{};
        JournalTime time;  ///< of the newest such record
    };
    std::vector<Gone> gone() const;

private:
    struct Index;
    std::unique_ptr<Index> index_;
};

/// The record's monotonic times, moved from the clock of its writer to that of `now`: what was
/// left at `written` is left now. So time in which no NGINX ran does not count.
void moveTimes(run::Record& record, std::uint64_t written, std::uint64_t now);

/// What is left of a finished job's `ttl`, in ms; never more, for the wall clock (`wall`, Unix ms)
/// may have been set back meanwhile.
std::uint64_t timeLeft(const run::Record& record, std::uint64_t ttl, std::int64_t wall);

/// When the monotonic clock stood where the wall clock says that the job was made.
std::uint64_t acceptedAt(const run::Record& record, const JournalTime& now);

}  // namespace edgerun::store
