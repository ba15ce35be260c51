#include "edgerun/nginx/job_calls.h"

#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/gate.h"

namespace edgerun::nginx {

namespace {

struct Advice {
    std::uint64_t youngerThan;  // ms
    std::uint64_t seconds;
};

constexpr Advice kAdvice[] = {{10'000, 1}, {30'000, 2}, {120'000, 5}};
constexpr std::uint64_t kLongestAdvice = 10;

constexpr std::uint64_t kRetryWhileReading = 1;  // seconds

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

ngx_int_t refuseWhileReading(ngx_http_request_t* r) {
    return refuseLater(r, kRetryWhileReading, "jobs are being read; try again soon");
}

JobPath jobPathOf(ngx_http_request_t* r) {
    std::string_view rest = loop::view(r->uri);
    rest.remove_prefix(std::min(locationConfOf(r).jobs->path.size(), rest.size()));
    if (rest.empty() || rest == "/") {
        return {};
    }
    if (rest.front() != '/') {
        return {{}, {}, false};
    }
    rest.remove_prefix(1);
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos) {
        return {rest, {}};
    }
    const JobPath path{rest.substr(0, slash), rest.substr(slash + 1)};
    const bool isWhole = !path.id.empty() && !path.action.empty();
    return isWhole ? path : JobPath{{}, {}, false};
}

std::optional<store::JobId> jobIdOf(const JobCall& call) {
    return store::parseJobId(jobPathOf(call.r).id);
}

ngx_int_t serveJobs(ngx_http_request_t* r, ServeCall serve) noexcept {
    return contain<ngx_int_t>(
        r->connection->log, NGX_HTTP_INTERNAL_SERVER_ERROR, [r, serve]() -> ngx_int_t {
            const auto call = jobCallOf(r);
            if (!call) {
                return refuseWithoutWorker(r);
            }
            return call->runner.isReady() ? serve(*call) : refuseWhileReading(r);
        });
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
