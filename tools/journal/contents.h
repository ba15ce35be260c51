#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edgerun/store/journal_files.h"
#include "edgerun/store/journal_replay.h"

namespace edgerun::journal {

struct SegmentContents {
    std::string path;
    store::SegmentHeader header;
    std::size_t fileBytes = 0;
    std::size_t records = 0;
    std::size_t usedBytes = 0;  ///< header and whole records
    std::size_t tornBytes = 0;  ///< behind them
};

struct WriterContents {
    std::uint64_t writer = 0;
    std::uint64_t instance = 0;
    bool isLocked = false;
    std::vector<SegmentContents> segments;
};

/// All that a directory holds. A server may be at work there: what it removes in the meantime it
/// has written elsewhere before, and all is read anew.
struct Contents {
    std::vector<WriterContents> writers;
    std::vector<std::string> problems;  ///< files that cannot be read
    std::unique_ptr<store::JournalReplay> replay;
};

/// nullopt when the server is too busy to be followed.
std::optional<Contents> readContents(const std::string& directory);

}  // namespace edgerun::journal
