#include <cstdio>

#include "commands.h"
#include "job_text.h"

namespace edgerun::journal {

bool exportJobs(const std::string& /*directory*/, const Contents& contents) {
    bool isWell = true;
    for (const store::JobId& id : contents.replay->jobs()) {
        const auto found = contents.replay->find(id);
        // What is left of it is upstream clean-up.
        if (found && found->job.record.erased) {
            continue;
        }
        const auto line = found ? lineOf(*found) : std::nullopt;
        if (line) {
            std::fwrite(line->data(), 1, line->size(), stdout);
            std::putchar('\n');
        } else {
            tellProblem("job " + store::formatJobId(id) + " is left out: it is malformed");
            isWell = false;
        }
    }
    return isWell;
}

}  // namespace edgerun::journal
