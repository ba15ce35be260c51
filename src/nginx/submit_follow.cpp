#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/response_headers.h"
#include "submit_call.h"

/// What comes after a job's acceptance, by this request or an earlier one of the same key.
namespace edgerun::nginx {

namespace {

constexpr ngx_int_t kUnprocessable = 422;
constexpr std::uint64_t kFirstPatience = 1'000;  // ms, for another request of the same key
constexpr std::uint64_t kSyncSlack = 10'000;     // ms, for a run to end after its timeout
constexpr int kTries = 3;                        // while first requests of the key fail
constexpr int kLooks = 10;  // at a worker that has the key: after 1 ms, 2, 4, ...

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

}  // namespace

// --- the same request again ---

ngx_int_t SubmitCall::repeat(const JobCall& call, const store::KnownJob& known) {
    if (known.isClaimed) {
        return awaitClaim(call);
    }
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

/// Another worker is at it just now: there is no job yet of which a change could be awaited.
ngx_int_t SubmitCall::awaitClaim(const JobCall& call) {
    if (looks_ == kLooks) {
        return refuseUnfinished(call);
    }
    stage_ = Stage::Begin;
    limitTo(std::uint64_t{1} << looks_++);
    return stay();
}

ngx_int_t SubmitCall::awaitFirst(const JobCall& call) {
    if (!awaitChange(call, id_)) {
        return submitAgain(call);  // it was not accepted
    }
    if (isThere(glanceAt(call, id_))) {
        return follows() ? follow(call) : respond(call);
    }
    return isOverdue() ? refuseUnfinished(call) : stay();
}

ngx_int_t SubmitCall::refuseUnfinished(const JobCall& call) {
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
        noteJob(call.r, id_, view);
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

// --- without its client ---

void SubmitCall::cancel(engine::JobRunner& runner, const store::JobOwner& owner) const {
    contain<bool>(ngx_cycle->log, false, [&] {
        Unheard listener;
        runner.cancel(owner, id_, listener);
        runner.forget(listener);
        return true;
    });
}

}  // namespace edgerun::nginx
