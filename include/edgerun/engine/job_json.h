#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "edgerun/run/machine.h"
#include "edgerun/run/record.h"

namespace edgerun::engine {

struct JobTimes {
    std::int64_t updatedWall = 0;  ///< Unix ms
    std::int64_t expiresWall = 0;  ///< Unix ms; the latest moment while not final
};

struct JobJson {
    std::string text;
    std::uint32_t stepsAt = 0;  ///< where ",\"steps\":" begins, the last member; 0: there is none
};

/// The job as clients see it (docs/jobs.md). `knowledge` is a JSON array, or empty: there is no
/// such member. An answer above `maxAnswer` bytes is cut at a character's end and marked
/// "answerTruncated".
JobJson renderJob(std::string_view id, const run::Record& record, const run::Visible& visible,
                  std::string_view knowledge, const JobTimes& times, std::size_t maxAnswer);

/// The job as a list shows it: what its record tells.
std::string renderSummary(std::string_view id, const run::Record& record);

}  // namespace edgerun::engine
