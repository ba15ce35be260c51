#include <algorithm>

#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/gate.h"
#include "edgerun/nginx/job_calls.h"
#include "edgerun/nginx/json_response.h"
#include "edgerun/nginx/request_context.h"
#include "edgerun/nginx/response_headers.h"
#include "edgerun/nginx/submission.h"
#include "edgerun/text/ascii.h"

namespace edgerun::nginx {

namespace {

constexpr std::uint64_t kRetryWhenFull = 5;         // seconds
constexpr std::uint64_t kRetryWhenUnavailable = 1;  // seconds

bool isJson(const ngx_http_request_t* r) {
    const ngx_table_elt_t* header = r->headers_in.content_type;
    if (header == nullptr) {
        return false;
    }
    const std::string_view value = loop::view(header->value);
    return text::equalsIgnoringCase(value.substr(0, value.find_first_of("; \t")),
                                    "application/json");
}

/// The request's body in one piece; parts of it may stand in a file. nullopt
/// when it cannot be read.
std::optional<std::string> collectBody(const ngx_http_request_t* r) {
    std::string body;
    if (r->request_body == nullptr) {
        return body;
    }
    for (ngx_chain_t* cl = r->request_body->bufs; cl != nullptr; cl = cl->next) {
        ngx_buf_t* b = cl->buf;
        if (!b->in_file) {
            body.append(reinterpret_cast<char*>(b->pos),
                        static_cast<std::size_t>(b->last - b->pos));
            continue;
        }
        const auto size = static_cast<std::size_t>(b->file_last - b->file_pos);
        const std::size_t before = body.size();
        body.resize(before + size);
        const ssize_t read = ngx_read_file(b->file, reinterpret_cast<u_char*>(body.data() + before),
                                           size, b->file_pos);
        if (read < 0 || static_cast<std::size_t>(read) != size) {
            return std::nullopt;
        }
    }
    return body;
}

/// NGX_OK, or how the request was refused.
ngx_int_t chooseAssistant(const JobCall& call, std::string& assistant) {
    if (call.jobs.assistant == nullptr) {
        assistant = call.jobs.provider->assistant;
        return NGX_OK;
    }
    ngx_str_t value;
    if (ngx_http_complex_value(call.r, call.jobs.assistant, &value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    assistant = loop::view(value);
    if (!isPlainName(assistant)) {
        return refuse(call.r, NGX_HTTP_NOT_FOUND, "there is no such assistant");
    }
    return NGX_OK;
}

ngx_int_t refuseBusyThread(ngx_http_request_t* r) {
    return refuse(r, NGX_HTTP_CONFLICT, "a job of this thread is still running");
}

/// A thread belongs to the user whose earlier job made it.
ngx_int_t checkThread(const JobCall& call, const std::string& threadId) {
    if (threadId.empty()) {
        return NGX_OK;
    }
    if (!call.jobs.provider->settings.keepThreads) {
        return refuse(call.r, NGX_HTTP_NOT_FOUND, "threads are not kept after their jobs");
    }
    switch (call.runner.arena().findThread(call.owner, threadId)) {
        case store::ThreadUse::Free:
            return NGX_OK;
        case store::ThreadUse::Busy:
            return refuseBusyThread(call.r);
        case store::ThreadUse::Unknown:
            return refuse(call.r, NGX_HTTP_NOT_FOUND, "there is no such thread");
    }
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

/// A path of ours as it may stand in a header.
std::string escapePath(ngx_pool_t* pool, std::string_view path) {
    u_char* bytes = loop::asNgx(path).data;
    const auto extra = 2 * ngx_escape_uri(nullptr, bytes, path.size(), NGX_ESCAPE_URI);
    auto* escaped = static_cast<u_char*>(ngx_pnalloc(pool, path.size() + extra + 1));
    if (escaped == nullptr) {
        throw std::bad_alloc();
    }
    ngx_escape_uri(escaped, bytes, path.size(), NGX_ESCAPE_URI);
    return {reinterpret_cast<char*>(escaped), path.size() + extra};
}

ngx_int_t respondAccepted(const JobCall& call, const engine::Submitted& job) {
    if (RequestContext* context = contextOf(call.r)) {
        context->jobId = job.id;
        context->jobStatus = run::nameOf(run::JobStatus::Pending);
    }
    const std::string url = escapePath(call.r->pool, call.jobs.path) + '/' + job.id;
    const ngx_str_t body = copyToPool(call.r, job.body);
    const bool added = body.data != nullptr && addHeader(call.r, "Location", url) &&
                       addRetryAfter(call.r, pollAdvice(0)) && addVersionTag(call.r, 1) &&
                       addHeader(call.r, "Cache-Control", "no-store");
    if (!added) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return sendJson(call.r, NGX_HTTP_ACCEPTED, loop::view(body));
}

ngx_int_t refuseLater(const JobCall& call, std::uint64_t seconds, std::string_view message) {
    if (!addRetryAfter(call.r, seconds)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return refuse(call.r, NGX_HTTP_SERVICE_UNAVAILABLE, message);
}

ngx_int_t accept(const JobCall& call, store::JobRequest request) {
    if (const ngx_int_t rc = chooseAssistant(call, request.assistant); rc != NGX_OK) {
        return rc;
    }
    if (const ngx_int_t rc = checkThread(call, request.threadId); rc != NGX_OK) {
        return rc;
    }
    const auto submitted = call.runner.submit(call.owner, *call.jobs.provider, request);
    switch (submitted.status) {
        case engine::SubmitStatus::Accepted:
            return respondAccepted(call, submitted);
        case engine::SubmitStatus::Full:
            return refuseLater(call, kRetryWhenFull, "too many jobs are running; try again later");
        case engine::SubmitStatus::TooLarge:
            return refuse(call.r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, "the job is too large");
        case engine::SubmitStatus::ThreadBusy:
            return refuseBusyThread(call.r);
        case engine::SubmitStatus::Unavailable:
            return refuseLater(call, kRetryWhenUnavailable, "jobs cannot be accepted now");
    }
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

ngx_int_t onBody(ngx_http_request_t* r) {
    const auto call = jobCallOf(r);
    if (!call) {
        return refuseWithoutWorker(r);
    }
    const auto body = collectBody(r);
    if (!body) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    auto submission = readSubmission(*body, call->location.maxQuery.value_or(kDefaultMaxQuery));
    if (const auto* fault = std::get_if<BadSubmission>(&submission)) {
        return refuse(r, NGX_HTTP_BAD_REQUEST, fault->message);
    }
    return accept(*call, std::move(std::get<store::JobRequest>(submission)));
}

void onBodyRead(ngx_http_request_t* r) noexcept {
    const ngx_int_t rc = contain<ngx_int_t>(r->connection->log, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                            [r] { return onBody(r); });
    ngx_http_finalize_request(r, rc);
}

}  // namespace

ngx_int_t submitJob(ngx_http_request_t* r) {
    const JobsConf& jobs = *locationConfOf(r).jobs;
    if (!jobs.missing.empty()) {
        return refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE, jobs.missing);
    }
    if (!isJson(r)) {
        return refuse(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE);
    }
    const ngx_int_t rc = ngx_http_read_client_request_body(r, onBodyRead);
    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}

}  // namespace edgerun::nginx
