#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/held_call.h"
#include "edgerun/nginx/idempotency_key.h"
#include "edgerun/nginx/job_request.h"
#include "edgerun/nginx/job_response.h"
#include "edgerun/nginx/preferences.h"
#include "edgerun/nginx/response_headers.h"

namespace edgerun::nginx {

namespace {

constexpr ngx_int_t kUnprocessable = 422;
constexpr std::uint64_t kRetryWhenFull = 5;      // seconds
constexpr std::uint64_t kRetryWhenBusy = 2;      // seconds
constexpr std::uint64_t kFirstPatience = 1'000;  // ms, for another request of the same key
constexpr std::uint64_t kSyncSlack = 10'000;     // ms, for a run to end after its timeout
constexpr int kTries = 3;                        // while first requests of the key fail

ngx_int_t refuseBusyUser(const JobCall& call) {
    if (!addRetryAfter(call.r, kRetryWhenBusy)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    const std::string most = std::to_string(call.location.maxRunning.value_or(0));
    return refuse(call.r, NGX_HTTP_TOO_MANY_REQUESTS,
                  "at most " + most + (most == "1" ? " job" : " jobs") +
                      " of a user may run at the same time");
}

/// Nobody waits for this cancellation.
class Unheard final : public engine::OrderListener {
    void onOrder(engine::Order) noexcept override {}
};

/// Nothing happens any more before the client does something.
bool isSettled(run::JobStatus status) {
    return run::isFinal(status) || status == run::JobStatus::RequiresAction;
}

/// How long a job may run, at one provider after another.
std::uint64_t runTimeOf(const JobsConf& jobs) {
    return jobs.provider->settings.runTimeout +
           (jobs.fallback != nullptr ? jobs.fallback->settings.runTimeout : 0);
}

/// A client that submits a job. It may wait for its acceptance, for that of an earlier request
/// with the same key, and for the job's end.
class SubmitCall final : public HeldCall, private engine::SubmitListener {
public:
    explicit SubmitCall(const JobCall& call);
    ~SubmitCall() override;

private:
    enum class Stage {
        Begin,
        Accept,  ///< the job is being written down
        First,   ///< the key's first request is not over yet
        End,     ///< the job is to become settled
    };

    ngx_int_t proceed(const JobCall& call) override;
    ngx_int_t submit(const JobCall& call);
    ngx_int_t handOver(const JobCall& call, const store::JobRequest& request,
                       const store::IdempotencyKey& key);
    void onSubmitted(const engine::Submitted& submitted) noexcept override;
    ngx_int_t onAccept(const JobCall& call);
    ngx_int_t judge(const JobCall& call, const engine::Submitted& submitted);
    ngx_int_t accepted(const JobCall& call, const engine::Submitted& submitted);
    ngx_int_t repeat(const JobCall& call, const store::KnownJob& known);
    ngx_int_t awaitFirst(const JobCall& call);
    ngx_int_t submitAgain(const JobCall& call);
    ngx_int_t follow(const JobCall& call);
    ngx_int_t awaitEnd(const JobCall& call);
    ngx_int_t endSync(const JobCall& call);
    ngx_int_t respond(const JobCall& call);
    ngx_int_t respond(const JobCall& call, const FoundJob& job);
    bool addPreferenceApplied(ngx_http_request_t* r, bool isFinal) const;
    void cancel(engine::JobRunner& runner, const store::JobOwner& owner) const;

    bool follows() const { return isSync_ || wishes_.wait > 0; }

    Stage stage_ = Stage::Begin;
    bool isSync_;
    Wishes wishes_;
    int tries_ = 0;
    bool hasKey_ = false;
    bool isRepeated_ = false;  ///< the job is an earlier request's
    bool isPending_ = false;
    std::optional<engine::Submitted> outcome_;
    store::JobId id_{};
    store::JobOwner owner_;
};

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
    if (isSync_ && isHeld() && stage_ == Stage::End && !hasKey_) {
        cancel(*known, owner_);
    }
}

void SubmitCall::cancel(engine::JobRunner& runner, const store::JobOwner& owner) const {
    contain<bool>(ngx_cycle->log, false, [&] {
        Unheard listener;
        runner.cancel(owner, id_, listener);
        runner.forget(listener);
        return true;
    });
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
    return handOver(call, request, key);
}

ngx_int_t SubmitCall::handOver(const JobCall& call, const store::JobRequest& request,
                               const store::IdempotencyKey& key) {
    const engine::Submission submission{
        call.owner,
        providerFor(call, request),
        fallbackFor(call, request),
        request,
        key,
        call.location.maxRunning.value_or(0),
        call.location.startGuarantee.value_or(run::StartGuarantee::Lookup)};
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

// --- the same request again ---

ngx_int_t SubmitCall::repeat(const JobCall& call, const store::KnownJob& known) {
    if (!known.isSameRequest) {
        return refuse(call.r, kUnprocessable,
                      "the idempotency key was used before, with another request");
    }
    id_ = known.id;
    isRepeated_ = true;
    if (known.isHidden) {
        stage_ = Stage::First;
        limitTo(kFirstPatience);
        return awaitFirst(call);
    }
    return follows() ? follow(call) : respond(call);
}

ngx_int_t SubmitCall::awaitFirst(const JobCall& call) {
    if (!awaitChange(call, id_)) {
        return submitAgain(call);  // it was not accepted
    }
    if (isThere(glanceAt(call, id_))) {
        return follows() ? follow(call) : respond(call);
    }
    if (!isOverdue()) {
        return stay();
    }
    if (!addRetryAfter(call.r, kRetryWhenUnavailable)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return refuse(call.r, NGX_HTTP_CONFLICT, "the first request with this key is not over yet");
}

ngx_int_t SubmitCall::submitAgain(const JobCall& call) {
    if (++tries_ == kTries) {
        return refuseLater(call.r, kRetryWhenUnavailable, "jobs cannot be accepted now");
    }
    stage_ = Stage::Begin;
    isRepeated_ = false;
    return submit(call);
}

// --- to its end ---

ngx_int_t SubmitCall::follow(const JobCall& call) {
    stage_ = Stage::End;
    limitTo(isSync_ ? runTimeOf(call.jobs) + kSyncSlack : wishes_.wait);
    return awaitEnd(call);
}

ngx_int_t SubmitCall::awaitEnd(const JobCall& call) {
    const bool isWatched = awaitChange(call, id_);
    const auto view = glanceAt(call, id_);
    if (isThere(view) && !isSettled(view.status)) {
        noteJob(call.r, store::formatJobId(id_), view.status);
        if (isWatched && !isOverdue()) {
            return stay();
        }
        // One that waits for its turn in a thread has its time before it.
        if (isWatched && isSync_ && view.status == run::JobStatus::Pending) {
            return follow(call);
        }
        if (isSync_) {
            return endSync(call);
        }
    }
    return respond(call);
}

/// The provider's own timeout should have ended the job long ago.
ngx_int_t SubmitCall::endSync(const JobCall& call) {
    cancel(call.runner, call.owner);
    return addWhereabouts(call, id_, glanceAt(call, id_).version)
               ? refuse(call.r, NGX_HTTP_GATEWAY_TIME_OUT)
               : NGX_HTTP_INTERNAL_SERVER_ERROR;
}

ngx_int_t SubmitCall::respond(const JobCall& call) {
    const auto job = readJob(call, id_);
    if (!job) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (!isThere(job->view)) {
        return isRepeated_ ? submitAgain(call) : refuseUnknown(call, id_);
    }
    return respond(call, *job);
}

ngx_int_t SubmitCall::respond(const JobCall& call, const FoundJob& job) {
    const bool isFinal = run::isFinal(job.view.status);
    const bool added = (!isRepeated_ || addHeader(call.r, "Idempotency-Replayed", "true")) &&
                       addPreferenceApplied(call.r, isFinal);
    if (!added) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return isSync_ ? respondSync(call, id_, job) : respondSubmitted(call, id_, job);
}

/// Of two, the one that the answer came by.
bool SubmitCall::addPreferenceApplied(ngx_http_request_t* r, bool isFinal) const {
    if (isFinal && wishes_.wait > 0) {
        return addWaitApplied(r, wishes_.wait);
    }
    return isFinal || !wishes_.isAsync || addAsyncApplied(r);
}

// --- the request ---

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
