#include "edgerun/nginx/job_request.h"

#include "edgerun/nginx/arguments.h"
#include "edgerun/nginx/submission.h"

namespace edgerun::nginx {

namespace {

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
            if (!call.runner.isWhole()) {
                return refuseWhileReading(call.r);
            }
            return refuse(call.r, NGX_HTTP_NOT_FOUND, "there is no such thread");
    }
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

}  // namespace

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

ngx_int_t readJobRequest(const JobCall& call, std::string_view body, store::JobRequest& request) {
    auto submission = readSubmission(body, call.location.maxQuery.value_or(kDefaultMaxQuery));
    if (const auto* fault = std::get_if<BadSubmission>(&submission)) {
        return refuse(call.r, NGX_HTTP_BAD_REQUEST, fault->message);
    }
    request = std::move(std::get<store::JobRequest>(submission));
    if (const ngx_int_t rc = chooseAssistant(call, request.assistant); rc != NGX_OK) {
        return rc;
    }
    return checkThread(call, request.threadId);
}

ngx_int_t refuseBusyThread(ngx_http_request_t* r) {
    return refuse(r, NGX_HTTP_CONFLICT, "a job of this thread is still running");
}

}  // namespace edgerun::nginx
