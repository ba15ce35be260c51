#include "contents.h"

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "edgerun/store/journal_record.h"

namespace edgerun::journal {

namespace {

constexpr int kAttempts = 20;

enum class Reading { Done, Unreadable, Removed };

/// Removed: by a server that is at work.
Reading readSegment(const store::Segment& segment, store::JournalReplay& replay,
                    SegmentContents& contents) {
    const auto bytes = store::SegmentBytes::map(segment.path);
    if (!bytes) {
        return errno == ENOENT ? Reading::Removed : Reading::Unreadable;
    }
    if (!replay.add(segment)) {
        return errno == ENOENT ? Reading::Removed : Reading::Unreadable;
    }
    contents.path = segment.path;
    contents.header = segment.header;
    contents.fileBytes = bytes->all().size();
    store::JournalScan scan(bytes->all().substr(store::kSegmentHeaderBytes));
    while (scan.next()) {
        ++contents.records;
    }
    contents.usedBytes = store::kSegmentHeaderBytes + scan.passed();
    contents.tornBytes = scan.torn();
    return Reading::Done;
}

/// nullopt when a file was removed in the meantime.
std::optional<Contents> readOnce(const std::string& directory) {
    Contents contents;
    contents.replay = std::make_unique<store::JournalReplay>();
    store::DirectoryListing listing = store::listJournal(directory);
    contents.problems = std::move(listing.problems);
    for (const store::WriterFiles& files : listing.writers) {
        WriterContents writer{
            files.writer, files.instance, store::isWriterLocked(directory, files.writer), {}};
        for (const store::Segment& segment : files.segments) {
            SegmentContents read;
            switch (readSegment(segment, *contents.replay, read)) {
                case Reading::Done:
                    writer.segments.push_back(std::move(read));
                    break;
                case Reading::Unreadable:
                    contents.problems.push_back("cannot read \"" + segment.path +
                                                "\": " + std::strerror(errno));
                    break;
                case Reading::Removed:
                    return std::nullopt;
            }
        }
        contents.writers.push_back(std::move(writer));
    }
    return contents;
}

}  // namespace

std::optional<Contents> readContents(const std::string& directory) {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        if (auto contents = readOnce(directory)) {
            return contents;
        }
    }
    return std::nullopt;
}

}  // namespace edgerun::journal
