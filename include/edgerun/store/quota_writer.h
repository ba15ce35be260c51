#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/store/open_file.h"
#include "edgerun/store/quota_counters.h"

namespace edgerun::store {

enum class QuotaWritten {
    Done,
    Busy,    ///< another process is about to begin a file: soon again
    Failed,  ///< problem() says why. Some, all or none of it may be on the disk
};

/// One process's part in writing a quota zone's journal (quota_files.h). Blocks on the disk: not
/// for an event loop. Not thread-safe; may be used by one thread after another.
///
/// The zone has the number of the file in which everybody writes. Whoever begins the next one sets
/// it first, and copies all that the zone holds then: what others wrote to the older file before
/// they saw the number was in the zone already, so it is copied; what they change later they write
/// to the new one. When all is copied and flushed, the file is marked as whole: those before it do
/// not count from then on, and are removed. Until then both are read at a start.
///
/// Files with a higher number than the zone's are those of a later life, which has read this one's:
/// a binary upgrade, or a server that was started beside a running one. While it lives, it is the
/// one that counts, and this one begins no file. If it is gone again, this one begins a file that
/// outdoes it.
class QuotaWriter {
public:
    /// A file this small is never begun anew for its size.
    static constexpr std::size_t kLeastRenewed = 4 * 1024 * 1024;

    /// `counters` is the writer's own object.
    QuotaWriter(std::string directory, const QuotaCounters& counters,
                std::size_t leastRenewed = kLeastRenewed);

    /// All frames, behind one another, or none of them counts. What they say must be in the zone.
    QuotaWritten write(std::string_view frames);
    /// What was written is on the disk when this returns.
    QuotaWritten flush();

    /// Whatever is due, about once a second: opens the zone's file, begins the next one after a
    /// failure or if this one has grown. In pieces: again at once while hasMore().
    QuotaWritten keepUp();
    bool hasMore() const { return renewal_.has_value(); }
    /// Does the file that is written hold, with those that count beside it, all that was said?
    bool isSound() const { return file_ && !renewal_ && !wantsRenewal_; }

    struct Problem {
        std::string text;
        int error = 0;  ///< errno, or 0
    };
    /// Of the last failure.
    const Problem& problem() const { return problem_; }

private:
    struct Renewal {
        OpenFile lock;
        std::uint32_t cursor = 0;
    };

    QuotaWritten useCurrent();
    QuotaWritten open(std::uint64_t number);
    QuotaWritten append(std::string_view frames);

    bool isRenewalDue();
    QuotaWritten begin(std::uint64_t former);
    QuotaWritten beginFile(std::uint64_t number, OpenFile lock);
    bool isOutdone(const std::vector<std::uint64_t>& numbers, std::uint64_t number) const;
    std::size_t neededBytes();
    QuotaWritten renewSome();
    QuotaWritten finishRenewal();
    void removeFormer();

    void take(OpenFile file, std::uint64_t number);
    QuotaWritten fail(std::string_view doing, const std::string& path);

    std::string directory_;
    QuotaCounters counters_;
    std::size_t leastRenewed_;
    OpenFile file_;
    std::uint64_t number_ = 0;  // its
    bool isDirty_ = false;      // written and not flushed
    bool wantsRenewal_ = false;
    std::optional<Renewal> renewal_;
    std::uint64_t removeBelow_ = 0;  // files that count no more
    Problem problem_;
};

}  // namespace edgerun::store
