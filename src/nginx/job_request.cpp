#include "edgerun/nginx/job_request.h"

#include "edgerun/nginx/assistant_choice.h"
#include "edgerun/nginx/gate.h"
#include "edgerun/nginx/submission.h"
#include "edgerun/store/crash_point.h"
#include "edgerun/text/ascii.h"

namespace edgerun::nginx {

namespace {

/// NGX_OK, or how the request was refused. Others than named ones were looked at with the
/// configuration.
ngx_int_t checkAssistant(const JobCall& call, const std::string& named) {
    if (call.jobs.assistant == nullptr) {
        return NGX_OK;
    }
    const engine::Provider& provider = *call.jobs.provider;
    const auto choice = chooseAssistant(mainConfOf(call.r), provider, named);
    if (named.empty() || choice.kind == AssistantChoice::Kind::Unknown) {
        return refuse(call.r, NGX_HTTP_NOT_FOUND, "there is no such assistant");
    }
    const std::string missing = unofferedTools(provider, choice) + whatIsMissing(provider, choice);
    return missing.empty() ? NGX_OK : refuse(call.r, NGX_HTTP_SERVICE_UNAVAILABLE, missing);
}

/// A thread belongs to the user whose earlier job made it.
ngx_int_t checkThread(const JobCall& call, const std::string& threadId) {
    // Asked before the look, after which its job may be read as the last one.
    const bool areAllKnown = call.runner.isWhole();
    if (threadId.empty() || call.runner.arena().providerOfThread(call.owner, threadId)) {
        return NGX_OK;
    }
    EDGERUN_CRASH_POINT(thread_not_found);
    if (!areAllKnown) {
        return refuseWhileReading(call.r);
    }
    return refuseUnknownThread(call.r);
}

}  // namespace

ngx_int_t refuseUnknownThread(ngx_http_request_t* r) {
    return refuse(r, NGX_HTTP_NOT_FOUND, "there is no such thread");
}

bool hasJsonBody(const ngx_http_request_t* r) {
    const ngx_table_elt_t* header = r->headers_in.content_type;
    if (header == nullptr) {
        return false;
    }
    const std::string_view value = loop::view(header->value);
    return text::equalsIgnoringCase(value.substr(0, value.find_first_of("; \t")),
                                    "application/json");
}

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

std::optional<std::string> namedAssistant(const JobCall& call) {
    ngx_str_t value = ngx_null_string;
    if (call.jobs.assistant != nullptr &&
        ngx_http_complex_value(call.r, call.jobs.assistant, &value) != NGX_OK) {
        return std::nullopt;
    }
    return std::string(loop::view(value));
}

ngx_int_t readJobRequest(const JobCall& call, std::string_view body, const std::string& named,
                         store::JobRequest& request) {
    auto submission = readSubmission(body, call.location.maxQuery.value_or(kDefaultMaxQuery));
    if (const auto* fault = std::get_if<BadSubmission>(&submission)) {
        return refuse(call.r, NGX_HTTP_BAD_REQUEST, fault->message);
    }
    request = std::move(std::get<store::JobRequest>(submission));
    if (const ngx_int_t rc = checkAssistant(call, named); rc != NGX_OK) {
        return rc;
    }
    request.assistant = call.jobs.assistant != nullptr ? named : call.jobs.assistantName;
    request.sanitizer = call.location.sanitizer.value_or(std::string());
    if (const auth::Caller* caller = callerOf(call.r)) {
        request.user = caller->identity.user;
    }
    return checkThread(call, request.threadId);
}

const engine::Provider& providerFor(const JobCall& call, const store::JobRequest& request) {
    const engine::Provider* fallback = call.jobs.fallback;
    const bool isThreadThere =
        fallback != nullptr && !request.threadId.empty() &&
        call.runner.arena().providerOfThread(call.owner, request.threadId) == fallback->key;
    return isThreadThere ? *fallback : *call.jobs.provider;
}

const engine::Provider* fallbackFor(const JobCall& call, const store::JobRequest& request) {
    const engine::Provider* fallback = call.jobs.fallback;
    if (fallback == nullptr || call.jobs.assistant == nullptr) {
        return fallback;  // looked at with the configuration
    }
    const auto choice = chooseAssistant(mainConfOf(call.r), *fallback, request.assistant);
    const bool fits = choice.kind != AssistantChoice::Kind::Unknown &&
                      unofferedTools(*fallback, choice).empty() &&
                      whatIsMissing(*fallback, choice).empty();
    return fits ? fallback : nullptr;
}

}  // namespace edgerun::nginx
