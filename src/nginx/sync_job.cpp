#include <algorithm>
#include <iterator>

#include "edgerun/nginx/job_response.h"
#include "edgerun/text/json.h"

namespace edgerun::nginx {

namespace {

/// Of those that a job's error may have; whatever else is the provider's fault.
constexpr ngx_int_t kStatuses[] = {NGX_HTTP_NOT_FOUND, NGX_HTTP_SERVICE_UNAVAILABLE,
                                   NGX_HTTP_GATEWAY_TIME_OUT};

ngx_int_t statusOf(const json_t* error) {
    const auto status = text::integerMember(error, "statusCode");
    const auto* const found = std::find(std::begin(kStatuses), std::end(kStatuses), status);
    return found == std::end(kStatuses) ? NGX_HTTP_BAD_GATEWAY : *found;
}

/// The error that a failed job's JSON holds, as the HTTP answer tells it.
ApiError errorOf(std::string_view body) {
    const auto job = text::parseJson(body, {body.size()});
    const json_t* error = json_object_get(job.get(), "error");
    ApiError result = describeStatus(statusOf(error));
    if (const auto message = text::stringMember(error, "message")) {
        result.message = *message;
    }
    if (const auto name = text::stringMember(error, "error")) {
        result.name = *name;
    }
    return result;
}

ngx_int_t refuseAsJob(const JobCall& call, const store::JobId& id, const FoundJob& job,
                      ApiError error) {
    noteJob(call.r, id, job.view);
    if (!addWhereabouts(call, id, job.view.version)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return refuse(call.r, std::move(error));
}

}  // namespace

ngx_int_t respondSync(const JobCall& call, const store::JobId& id, const FoundJob& job) {
    switch (job.view.status) {
        case run::JobStatus::Completed:
        case run::JobStatus::RequiresAction:  // its client has to call tools
            return respondSubmitted(call, id, job);
        case run::JobStatus::Failed:
            return refuseAsJob(call, id, job, errorOf(job.body));
        case run::JobStatus::Cancelled:
            return refuseAsJob(call, id, job,
                               {NGX_HTTP_BAD_GATEWAY, "the run was cancelled", "RunCancelled"});
        case run::JobStatus::Pending:
        case run::JobStatus::Running:
            break;
    }
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

}  // namespace edgerun::nginx
