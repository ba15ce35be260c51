#include "edgerun/nginx/job_calls.h"

#include "edgerun/nginx/gate.h"

namespace edgerun::nginx {

namespace {

struct Advice {
    std::uint64_t youngerThan;  // ms
    std::uint64_t seconds;
};

constexpr Advice kAdvice[] = {{10'000, 1}, {30'000, 2}, {120'000, 5}};
constexpr std::uint64_t kLongestAdvice = 10;

}  // namespace

std::optional<JobCall> jobCallOf(ngx_http_request_t* r) {
    Worker* worker = workerFor(r);
    if (worker == nullptr) {
        return std::nullopt;
    }
    const LocationConf& location = locationConfOf(r);
    const JobsConf& jobs = *location.jobs;
    store::JobOwner owner;
    owner.scope = jobs.scope;
    if (const auth::Caller* caller = callerOf(r)) {
        owner.user = caller->identity.owner;
    }
    return JobCall{r, location, jobs, worker->runnerOf(jobs.zone), owner};
}

ngx_int_t refuseWithoutWorker(ngx_http_request_t* r) {
    return refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE, "jobs are not available now");
}

std::uint64_t pollAdvice(std::uint64_t ageMs) {
    for (const auto& advice : kAdvice) {
        if (ageMs < advice.youngerThan) {
            return advice.seconds;
        }
    }
    return kLongestAdvice;
}

}  // namespace edgerun::nginx
