#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/store/quota_counters.h"

/// How the records of a quota zone stand in its journal: frames of one size, each with its own
/// CRC-32. Numbers have the lowest byte first.
///
///     0   "EQR1"
///     4   CRC-32 of all that follows
///     8   kind: 1 counter, 2 hold, 3 end, 255 mark
///     9   flags: 1 settled, 2 accepted, 4 copied
///     10  claims
///     11  the job's id (21 bytes)
///     32  sequence, job zone, amount, window's begin and end, taken, held (8 bytes each)
///     88  key (16 bytes)
///     104 process id (4 bytes), 4 zeros
namespace edgerun::store {

inline constexpr std::size_t kQuotaFrameBytes = 112;

/// What a call of QuotaCounters did: its holds and ends of holds.
void appendFrames(std::string& out, const std::vector<QuotaRecord>& records);

/// A counter or a hold where all is said anew.
void appendCopy(std::string& out, const QuotaRecord& record);

/// Says that all that counts stands in this file: those before it are not needed.
void appendWholeMark(std::string& out);

struct QuotaFrame {
    bool isWholeMark = false;
    bool isCopy = false;
    QuotaRecord record;  ///< if it is none
};

/// The first whole frame from `at` on, which moves behind it. A write that failed half way, or a
/// disk, may have left something else between frames: that is counted in `damaged` (bytes) and
/// skipped. nullopt: there is none, and `at` is where one may begin whose end is not there.
std::optional<QuotaFrame> nextFrame(std::string_view bytes, std::size_t& at, std::size_t& damaged);

}  // namespace edgerun::store
