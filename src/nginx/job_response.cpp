#include "edgerun/nginx/job_response.h"

#include <array>

#include "edgerun/nginx/json_response.h"
#include "edgerun/nginx/request_context.h"
#include "edgerun/nginx/response_headers.h"
#include "edgerun/store/crash_point.h"

namespace edgerun::nginx {

namespace {

constexpr ngx_int_t kGone = 410;
constexpr std::size_t kUsualBody = 4096;  // bytes, enough for most jobs
constexpr int kTries = 4;                 // a job may grow between two reads

std::string urlOf(const JobCall& call, const store::JobId& id) {
    return escapePath(call.r, call.jobs.path) + '/' + store::formatJobId(id);
}

bool addPollAdvice(const JobCall& call, const store::JobView& view) {
    return run::isFinal(view.status) || addRetryAfter(call.r, pollAdvice(view.age));
}

}  // namespace

// --- to read a job ---

store::JobView glanceAt(const JobCall& call, const store::JobId& id) {
    return call.runner.arena().read(id, call.owner, ngx_current_msec, nullptr, 0);
}

std::optional<FoundJob> readJob(const JobCall& call, const store::JobId& id, store::Steps steps) {
    std::array<char, kUsualBody> usual;
    char* buffer = usual.data();
    std::size_t capacity = usual.size();
    for (int i = 0; i < kTries; i++) {
        const auto view =
            call.runner.arena().read(id, call.owner, ngx_current_msec, buffer, capacity, steps);
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

void noteJob(ngx_http_request_t* r, const store::JobId& id, const store::JobView& view) {
    if (RequestContext* context = contextOf(r)) {
        context->jobId = store::formatJobId(id);
        context->jobStatus = run::nameOf(view.status);
        context->jobTokens = view.tokens;
    }
}

ngx_int_t refuseUnknown(const JobCall& call, const store::JobId& id) {
    // The id's MAC covers its owner: another user's job looks invented, and
    // costs the same time.
    if (!store::isGenuine(id, call.owner, call.runner.arena().idSecret())) {
        return refuse(call.r, NGX_HTTP_NOT_FOUND, "there is no such job");
    }
    EDGERUN_CRASH_POINT(job_not_found);
    // It may have been read, as the last one, since it was looked for.
    if (!call.runner.isWhole() || isThere(glanceAt(call, id))) {
        return refuseWhileReading(call.r);
    }
    return refuse(call.r, kGone, "the job has expired");
}

// --- answers ---

ngx_int_t respondShown(const JobCall& call, const store::JobId& id, const FoundJob& job) {
    noteJob(call.r, id, job.view);
    const bool added = addVersionTag(call.r, job.view.version) &&
                       addHeader(call.r, "Cache-Control", "private, no-cache") &&
                       addPollAdvice(call, job.view);
    return added ? sendJson(call.r, NGX_HTTP_OK, job.body) : NGX_HTTP_INTERNAL_SERVER_ERROR;
}

ngx_int_t respondSubmitted(const JobCall& call, const store::JobId& id, const FoundJob& job) {
    noteJob(call.r, id, job.view);
    const std::string url = urlOf(call, id);
    const bool isFinal = run::isFinal(job.view.status);
    const bool added = addHeader(call.r, "Location", url) &&
                       (!isFinal || addHeader(call.r, "Content-Location", url)) &&
                       addVersionTag(call.r, job.view.version) &&
                       addHeader(call.r, "Cache-Control", "no-store") &&
                       addPollAdvice(call, job.view);
    if (!added) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    call.r->disable_not_modified = 1;  // it concerns what GET shows
    return sendJson(call.r, isFinal ? NGX_HTTP_OK : NGX_HTTP_ACCEPTED, job.body);
}

ngx_int_t respondOrdered(const JobCall& call, const store::JobId& id, const FoundJob& job) {
    noteJob(call.r, id, job.view);
    const bool added = addHeader(call.r, "Content-Location", urlOf(call, id)) &&
                       addVersionTag(call.r, job.view.version) &&
                       addHeader(call.r, "Cache-Control", "no-store");
    if (!added) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    call.r->disable_not_modified = 1;
    return sendJson(call.r, NGX_HTTP_OK, job.body);
}

bool addWhereabouts(const JobCall& call, const store::JobId& id, std::uint64_t version) {
    // Not as the response's own ETag, which NGINX takes away from errors.
    return addHeader(call.r, "Location", urlOf(call, id)) &&
           addHeader(call.r, "ETag", '"' + std::to_string(version) + '"');
}

}  // namespace edgerun::nginx
