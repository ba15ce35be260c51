#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/idempotency_key.h"
#include "edgerun/nginx/job_request.h"
#include "edgerun/nginx/knowledge.h"
#include "edgerun/nginx/response_headers.h"
#include "submit_call.h"

namespace edgerun::nginx {

namespace {

constexpr std::uint64_t kRetryWhenFull = 5;  // seconds
constexpr std::uint64_t kRetryWhenBusy = 2;  // seconds

ngx_int_t refuseBusyUser(const JobCall& call) {
    if (!addRetryAfter(call.r, kRetryWhenBusy)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    const std::string most = std::to_string(call.location.maxRunning.value_or(0));
    return refuse(call.r, NGX_HTTP_TOO_MANY_REQUESTS,
                  "at most " + most + (most == "1" ? " job" : " jobs") +
                      " of a user may run at the same time");
}

}  // namespace

SubmitCall::SubmitCall(const JobCall& call)
    : HeldCall(call.r, call.jobs), wishes_(wishesOf(call)), owner_(call.owner) {
    isSync_ = call.jobs.isSync && !wishes_.isAsync;
    if (call.jobs.isSync) {
        wishes_.wait = 0;
    }
}

/// Who has left without a key cannot ask for the answer again.
SubmitCall::~SubmitCall() {
    engine::JobRunner* known = runner();
    if (known == nullptr) {
        return;
    }
    if (isPending_) {
        known->forget(*this);
    }
    if (awaitsKnowledge_) {
        worker()->knowledge().forget(*this);
    }
    if (isSync_ && isHeld() && stage_ == Stage::End && !hasKey_) {
        cancel(*known, owner_);
    }
}

ngx_int_t SubmitCall::proceed(const JobCall& call) {
    switch (stage_) {
        case Stage::Begin:
            return submit(call);
        case Stage::Accept:
            return onAccept(call);
        case Stage::First:
            return awaitFirst(call);
        case Stage::End:
            return awaitEnd(call);
    }
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

// --- to be accepted ---

ngx_int_t SubmitCall::submit(const JobCall& call) {
    const auto body = collectBody(call.r);
    const auto assistant = namedAssistant(call);
    if (!body || !assistant) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    store::IdempotencyKey key;
    if (const ngx_int_t rc = readIdempotencyKey(call, {*body, *assistant}, key); rc != NGX_OK) {
        return rc;
    }
    hasKey_ = key.isSet();
    // Before anything else is judged, which the first request may have changed.
    if (hasKey_) {
        if (const auto known = call.runner.arena().findKey(key, ngx_current_msec)) {
            return repeat(call, *known);
        }
        if (!call.runner.isWhole()) {
            return refuseWhileReading(call.r);  // its first request may be there
        }
    }
    store::JobRequest request;
    if (const ngx_int_t rc = readJobRequest(call, *body, *assistant, request); rc != NGX_OK) {
        return rc;
    }
    if (const ngx_int_t rc = addKnowledge(call, request); rc != NGX_OK) {
        return rc;
    }
    return handOver(call, request, key);
}

/// NGX_DONE while the base is being read: then the submission begins anew.
ngx_int_t SubmitCall::addKnowledge(const JobCall& call, store::JobRequest& request) {
    const auto& use = call.location.knowledge;
    if (!use || *use == nullptr) {
        return NGX_OK;
    }
    const auto base = worker()->knowledge().current((*use)->base, *this);
    if (base == nullptr && awaitsKnowledge_ && isOverdue()) {
        return refuseLater(call.r, kRetryWhenUnavailable, "the knowledge base is being read");
    }
    if (base == nullptr) {
        if (!std::exchange(awaitsKnowledge_, true)) {
            limitTo(kPatience);
        }
        return stay();
    }
    awaitsKnowledge_ = false;
    auto context = contextFor(call.r, call.location, *base, request.query);
    if (!context) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    request.context = std::move(context->text);
    request.knowledge = std::move(context->ids);
    return NGX_OK;
}

void SubmitCall::onKnowledge() noexcept {
    wake();
}

ngx_int_t SubmitCall::handOver(const JobCall& call, const store::JobRequest& request,
                               const store::IdempotencyKey& key) {
    auto orders = quotaOrdersOf(call.r, call.location, call.owner);
    if (!orders) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    orders_ = std::move(*orders);
    const engine::Submission submission{
        call.owner,
        providerFor(call, request),
        fallbackFor(call, request),
        request,
        key,
        call.location.maxRunning.value_or(0),
        call.location.startGuarantee.value_or(run::StartGuarantee::Lookup),
        orders_};
    isPending_ = true;
    if (const auto submitted = call.runner.submit(submission, *this)) {
        isPending_ = false;
        return judge(call, *submitted);
    }
    stage_ = Stage::Accept;
    limitTo(kPatience);
    // A synchronous job must be known, to be cancelled when its client has left.
    return stay(isSync_ ? Client::Ignored : Client::Watched);
}

void SubmitCall::onSubmitted(const engine::Submitted& submitted) noexcept {
    isPending_ = false;
    contain<bool>(ngx_cycle->log, false, [&] {
        outcome_ = submitted;
        return true;
    });
    wake();
}

ngx_int_t SubmitCall::onAccept(const JobCall& call) {
    if (isPending_ && !isOverdue()) {
        return stay(isSync_ ? Client::Ignored : Client::Watched);
    }
    if (isPending_) {
        isPending_ = false;
        call.runner.forget(*this);
    }
    if (!outcome_) {
        return refuseLater(call.r, kRetryWhenUnavailable,
                           "the job may or may not have been accepted");
    }
    const engine::Submitted submitted = std::move(*outcome_);
    outcome_.reset();
    return judge(call, submitted);
}

ngx_int_t SubmitCall::judge(const JobCall& call, const engine::Submitted& submitted) {
    switch (submitted.status) {
        case engine::SubmitStatus::Accepted:
            return accepted(call, submitted);
        case engine::SubmitStatus::KnownKey:
            return repeat(call, submitted.known);
        case engine::SubmitStatus::Full:
            return refuseLater(call.r, kRetryWhenFull,
                               "too many jobs are running; try again later");
        case engine::SubmitStatus::TooLarge:
            return refuse(call.r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, "the job is too large");
        case engine::SubmitStatus::TooManyRunning:
            return refuseBusyUser(call);
        case engine::SubmitStatus::ThreadGone:
            return refuseUnknownThread(call.r);
        case engine::SubmitStatus::QuotaSpent:
            return refuseSpent(call.r, call.location, orders_, submitted.quotas);
        case engine::SubmitStatus::QuotaFull:
            return refuseLater(call.r, kRetryWhenFull, "quotas cannot be counted now");
        case engine::SubmitStatus::Unavailable:
            return refuseLater(call.r, kRetryWhenUnavailable, "jobs cannot be accepted now");
    }
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

ngx_int_t SubmitCall::accepted(const JobCall& call, const engine::Submitted& submitted) {
    const auto id = store::parseJobId(submitted.id);
    if (!id) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    id_ = *id;
    logDryRuns(call.r, call.location, orders_, submitted.quotas);
    if (!addRateLimit(call.r, call.location, orders_, submitted.quotas)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (follows()) {
        return follow(call);
    }
    const ngx_str_t body = copyToPool(call.r, submitted.body);
    if (body.data == nullptr) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    const store::JobView view{store::JobView::Found::Yes, body.len, 1, run::JobStatus::Pending, 0};
    return respond(call, FoundJob{view, loop::view(body)});
}

// --- the request ---

namespace {

ngx_int_t submit(const JobCall& call) {
    return makeHeld<SubmitCall>(call).begin(call);
}

}  // namespace

ngx_int_t submitJob(ngx_http_request_t* r) {
    const JobsConf& jobs = *locationConfOf(r).jobs;
    if (!jobs.missing.empty()) {
        return refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE, jobs.missing);
    }
    if (!hasJsonBody(r)) {
        return refuse(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE);
    }
    return afterBody<submit>(r);
}

}  // namespace edgerun::nginx
