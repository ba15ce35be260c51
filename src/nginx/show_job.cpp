#include <array>

#include "edgerun/nginx/job_calls.h"
#include "edgerun/nginx/json_response.h"
#include "edgerun/nginx/request_context.h"
#include "edgerun/nginx/response_headers.h"

namespace edgerun::nginx {

namespace {

constexpr ngx_int_t kGone = 410;
constexpr std::size_t kUsualBody = 4096;  // bytes, enough for most jobs
constexpr int kTries = 4;                 // a job may grow between two reads

struct FoundJob {
    store::JobView view;
    std::string_view body;  // in the request's pool
};

/// nullopt for want of memory.
std::optional<FoundJob> readJob(const JobCall& call, const store::JobId& id) {
    std::array<char, kUsualBody> usual;
    char* buffer = usual.data();
    std::size_t capacity = usual.size();
    for (int i = 0; i < kTries; i++) {
        const auto view =
            call.runner.arena().read(id, call.owner, ngx_current_msec, buffer, capacity);
        if (view.found == store::JobView::Found::No) {
            return FoundJob{view, {}};
        }
        if (view.found == store::JobView::Found::Yes) {
            const std::string_view body(buffer, view.size);
            const bool isOnStack = buffer == usual.data();
            const ngx_str_t kept = isOnStack
                                       ? copyToPool(call.r, body)
                                       : ngx_str_t{view.size, reinterpret_cast<u_char*>(buffer)};
            return kept.data != nullptr ? std::optional(FoundJob{view, loop::view(kept)})
                                        : std::nullopt;
        }
        capacity = view.size;
        buffer = static_cast<char*>(ngx_pnalloc(call.r->pool, capacity));
        if (buffer == nullptr) {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

ngx_int_t refuseUnknown(const JobCall& call, const store::JobId& id) {
    // The id's MAC covers its owner: another user's job looks invented, and
    // costs the same time.
    if (store::isGenuine(id, call.owner, call.runner.arena().idSecret())) {
        return refuse(call.r, kGone, "the job has expired");
    }
    return refuse(call.r, NGX_HTTP_NOT_FOUND, "there is no such job");
}

ngx_int_t respond(const JobCall& call, const FoundJob& job) {
    const bool isFinal = run::isFinal(job.view.status);
    const bool added = addVersionTag(call.r, job.view.version) &&
                       addHeader(call.r, "Cache-Control", "private, no-cache") &&
                       (isFinal || addRetryAfter(call.r, pollAdvice(job.view.age)));
    if (!added) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return sendJson(call.r, NGX_HTTP_OK, job.body);
}

}  // namespace

ngx_int_t showJob(const JobCall& call, std::string_view idText) {
    const auto id = store::parseJobId(idText);
    if (!id) {
        return refuse(call.r, NGX_HTTP_NOT_FOUND, "there is no such job");
    }
    const auto job = readJob(call, *id);
    if (!job) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (job->view.found == store::JobView::Found::No) {
        return refuseUnknown(call, *id);
    }
    if (RequestContext* context = contextOf(call.r)) {
        context->jobId = idText;
        context->jobStatus = run::nameOf(job->view.status);
    }
    return respond(call, *job);
}

}  // namespace edgerun::nginx
