#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>

#include "commands.h"
#include "edgerun/text/timestamp.h"

namespace edgerun::journal {

namespace {

using Counts = std::array<std::size_t, static_cast<std::size_t>(run::JobStatus::Cancelled) + 1>;

void listWriter(const WriterContents& writer) {
    std::size_t records = 0;
    std::size_t used = 0;
    std::size_t bytes = 0;
    std::int64_t since = 0;
    for (const SegmentContents& segment : writer.segments) {
        records += segment.records;
        used += segment.usedBytes;
        bytes += segment.fileBytes;
        since =
            since == 0 ? segment.header.createdWall : std::min(since, segment.header.createdWall);
    }
    std::printf("%016" PRIx64 "  %-6s  %016" PRIx64 "  %8zu  %9zu  %12zu  %12zu  %s\n",
                writer.writer, writer.isLocked ? "in use" : "free", writer.instance,
                writer.segments.size(), records, used, bytes,
                writer.segments.empty() ? "-" : text::formatTimestamp(since).c_str());
}

void listCounts(const Counts& counts, std::size_t gone) {
    for (std::size_t at = 0; at < counts.size(); ++at) {
        std::printf("%-16s %9zu\n", run::nameOf(static_cast<run::JobStatus>(at)), counts[at]);
    }
    std::printf("%-16s %9zu\n", "erased", gone);
}

}  // namespace

bool listJobs(const std::string& /*directory*/, const Contents& contents) {
    std::printf("%-16s  %-6s  %-16s  %8s  %9s  %12s  %12s  %s\n", "writer", "state", "zone",
                "segments", "records", "bytes", "on disk", "since");
    for (const WriterContents& writer : contents.writers) {
        listWriter(writer);
    }
    Counts counts{};
    std::size_t erased = contents.replay->gone().size();
    std::size_t broken = 0;
    for (const store::JobId& id : contents.replay->jobs()) {
        const auto found = contents.replay->find(id);
        if (!found) {
            ++broken;
        } else if (found->job.record.erased) {
            ++erased;
        } else {
            ++counts[static_cast<std::size_t>(found->job.record.status)];
        }
    }
    std::putchar('\n');
    listCounts(counts, erased);
    if (broken != 0) {
        tellProblem(std::to_string(broken) + " jobs cannot be put together: \"verify\" names them");
    }
    return broken == 0;
}

}  // namespace edgerun::journal
