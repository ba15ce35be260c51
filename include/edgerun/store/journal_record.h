#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edgerun/run/record.h"
#include "edgerun/store/job_snapshot.h"

/// What a journal's segments hold behind their header: records, each in a frame of 4 bytes length
/// and 4 bytes CRC-32 of what follows. All numbers are little endian. A record's fields carry
/// tags, so that a later version reads what an earlier one wrote, and the other way round.
namespace edgerun::store {

enum class JournalKind : std::uint8_t {
    Whole = 1,  ///< everything of a job
    Step = 2,   ///< its record, and its body and request where they changed
    Gone = 3,   ///< it was erased, or has left the zone: nothing older counts
};

/// When a record was written.
struct JournalTime {
    std::uint64_t monotonic = 0;  ///< ms
    std::int64_t wall = 0;        ///< Unix ms
};

/// What tells which record counts, without reading the rest.
struct JournalHead {
    JournalKind kind = JournalKind::Gone;
    JobId id{};
    std::uint32_t fence = 0;
    std::uint32_t revision = 0;
    JournalTime time;
};

void appendWhole(std::string& out, const JobSnapshot& job, const JournalTime& time);
void appendStep(std::string& out, const JobId& id, std::uint32_t fence, std::uint32_t revision,
                const JobUpdate& update, const JournalTime& time);
void appendGone(std::string& out, const JobId& id, const JournalTime& time);

/// One record inside a segment's bytes.
struct JournalView {
    JournalHead head;
    std::string_view fields;  ///< what decode...() take
};

/// Walks over the records of a segment, from the first byte behind its header. Ends at the first
/// frame that is not whole: a torn write, or the zeros of space that was reserved.
class JournalScan {
public:
    explicit JournalScan(std::string_view bytes) : bytes_(bytes) {}

    std::optional<JournalView> next();

    /// Bytes of all records so far.
    std::size_t passed() const { return at_; }
    /// Bytes behind them, up to the last one that is no zero.
    std::size_t torn() const;

private:
    std::string_view bytes_;
    std::size_t at_ = 0;
};

/// nullopt when the fields are not such a record.
std::optional<JobSnapshot> decodeWhole(const JournalView& view);

struct JournalStep {
    run::Record record;
    std::optional<std::string_view> body;
    std::uint32_t stepsAt = 0;  ///< of `body`
    std::optional<std::string_view> request;
};

std::optional<JournalStep> decodeStep(const JournalView& view);

}  // namespace edgerun::store
