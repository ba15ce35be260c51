#include <unistd.h>

#include <cstdio>
#include <optional>
#include <string_view>

#include "commands.h"
#include "edgerun/store/job_request.h"
#include "job_text.h"

namespace edgerun::journal {

namespace {

constexpr std::string_view kSteps = ",\"steps\":";

/// Counts what it tells.
class Problems {
public:
    void add(const std::string& problem) {
        tellProblem(problem);
        ++count_;
    }
    bool areNone() const { return count_ == 0; }

private:
    std::size_t count_ = 0;
};

std::string whereOf(const SegmentContents& segment) {
    return "\"" + segment.path + "\" cannot be read from byte " +
           std::to_string(segment.usedBytes) + " on";
}

/// A crash tears the end of the file that was written last. Behind it in another one stands what a
/// failed write left, or a damaged record with all that follows.
void verifySegments(const WriterContents& writer, Problems& problems) {
    for (const SegmentContents& segment : writer.segments) {
        if (segment.tornBytes == 0) {
            continue;
        }
        if (&segment == &writer.segments.back()) {
            std::printf("%s: a write that never ended\n", whereOf(segment).c_str());
        } else {
            problems.add(whereOf(segment) + ": a write failed there, or the file is damaged");
        }
    }
}

/// nullopt when there is none, which is told.
std::optional<store::JobIdSecret> readSecret(const std::string& directory, Problems& problems) {
    const std::string path = directory + "/zone";
    if (access(path.c_str(), F_OK) != 0) {
        problems.add("\"" + path + "\" is missing: no job's id will be known as genuine");
        return std::nullopt;
    }
    std::string problem;
    const auto secret = store::zoneSecret(directory, false, problem);
    if (!secret) {
        problems.add(problem);
    }
    return secret;
}

void verifyJob(const store::JobSnapshot& job, const std::optional<store::JobIdSecret>& secret,
               Problems& problems) {
    const std::string name = "job " + store::formatJobId(job.id);
    if (secret && !store::isGenuine(job.id, job.owner, *secret)) {
        problems.add(name + " has an id that was not made in this zone");
    }
    if (!job.request.empty() && !store::decodeJobRequest(job.request)) {
        problems.add(name + " has a malformed request");
    }
    if (job.request.empty() && !run::isFinal(job.record.status)) {
        problems.add(name + " has no request, and is not final");
    }
    if (!job.body.empty() && !jsonLineOf(job.body)) {
        problems.add(name + " has a body that is no JSON object");
    }
    if (job.stepsAt != 0 && job.body.find(kSteps, job.stepsAt) != job.stepsAt) {
        problems.add(name + " has no steps where its body should have them");
    }
}

}  // namespace

bool verifyJobs(const std::string& directory, const Contents& contents) {
    Problems problems;
    std::size_t records = 0;
    std::size_t segments = 0;
    for (const WriterContents& writer : contents.writers) {
        verifySegments(writer, problems);
        segments += writer.segments.size();
        for (const SegmentContents& segment : writer.segments) {
            records += segment.records;
        }
    }
    const auto secret = segments != 0 ? readSecret(directory, problems) : std::nullopt;
    std::size_t jobs = 0;
    for (const store::JobId& id : contents.replay->jobs()) {
        if (const auto found = contents.replay->find(id)) {
            verifyJob(found->job, secret, problems);
            jobs += found->job.record.erased ? 0 : 1;
        } else {
            problems.add("job " + store::formatJobId(id) +
                         " cannot be put together: a record is missing or malformed");
        }
    }
    std::printf("%zu segments, %zu records, %zu jobs\n", segments, records, jobs);
    return problems.areNone();
}

}  // namespace edgerun::journal
