#include "edgerun/nginx/held_call.h"
#include "edgerun/nginx/job_response.h"
#include "edgerun/nginx/response_headers.h"

namespace edgerun::nginx {

namespace {

constexpr int kTries = 3;                           // others may take the job over meanwhile
constexpr std::uint64_t kPatience = 30'000;         // ms, for the journal
constexpr std::uint64_t kYield = 1'000;             // ms, for another that ends the job
constexpr std::uint64_t kRetryWhenUnavailable = 1;  // seconds

ngx_int_t refuseEnding(ngx_http_request_t* r) {
    return refuseLater(r, kRetryWhenUnavailable, "the job cannot be ended now");
}

/// A client that wants a job to end. It waits while that is being written down.
class EndCall : public HeldCall, private engine::EndListener {
public:
    ~EndCall() override { forgetEnding(); }

protected:
    EndCall(const JobCall& call, const store::JobId& id) : HeldCall(call.r, call.jobs), id_(id) {}

    const store::JobId& id() const { return id_; }

private:
    virtual engine::Ending ask(const JobCall& call, engine::EndListener& listener) = 0;
    /// nullopt if the job has not ended after all.
    virtual std::optional<ngx_int_t> respond(const JobCall& call) = 0;

    ngx_int_t proceed(const JobCall& call) override;
    ngx_int_t onEnded(const JobCall& call);
    void onEnding(engine::Ending ending) noexcept override;
    void forgetEnding() noexcept;

    store::JobId id_;
    int tries_ = 0;
    bool isPending_ = false;
    bool isYielding_ = false;                ///< to another that took the job over
    std::optional<engine::Ending> outcome_;  ///< of the present try
};

ngx_int_t EndCall::proceed(const JobCall& call) {
    if (isPending_) {
        if (!isOverdue()) {
            return stay();
        }
        forgetEnding();
        return refuseEnding(call.r);
    }
    if (!outcome_) {
        isPending_ = true;
        const engine::Ending ending = ask(call, *this);
        if (ending == engine::Ending::Coming) {
            limitTo(kPatience);
            return stay();
        }
        isPending_ = false;
        outcome_ = ending;
    }
    switch (*outcome_) {
        case engine::Ending::Ended:
            return onEnded(call);
        case engine::Ending::Unknown:
            return refuseUnknown(call, id_);
        case engine::Ending::Coming:
        case engine::Ending::Unavailable:
            break;
    }
    return refuseEnding(call.r);
}

/// Who took the job over meanwhile ends it too, most likely: two that take it from each other
/// would never come to an end.
ngx_int_t EndCall::onEnded(const JobCall& call) {
    const bool isWatched = awaitChange(call, id_);
    if (const auto rc = respond(call)) {
        return *rc;
    }
    if (isWatched && !isYielding_) {
        isYielding_ = true;
        limitTo(kYield);
        return stay();
    }
    isYielding_ = false;
    if (++tries_ == kTries) {
        return refuseEnding(call.r);
    }
    outcome_.reset();
    return proceed(call);
}

void EndCall::onEnding(engine::Ending ending) noexcept {
    isPending_ = false;
    outcome_ = ending;
    wake();
}

void EndCall::forgetEnding() noexcept {
    if (isPending_) {
        isPending_ = false;
        if (engine::JobRunner* known = runner()) {
            known->forget(*this);
        }
    }
}

// --- cancel ---

class CancelCall final : public EndCall {
public:
    CancelCall(const JobCall& call, const store::JobId& id) : EndCall(call, id) {}

private:
    engine::Ending ask(const JobCall& call, engine::EndListener& listener) override {
        return call.runner.cancel(call.owner, id(), listener);
    }

    std::optional<ngx_int_t> respond(const JobCall& call) override {
        const auto job = readJob(call, id());
        if (!job) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
        if (!isThere(job->view)) {
            return refuseUnknown(call, id());
        }
        if (!run::isFinal(job->view.status)) {
            return std::nullopt;
        }
        return respondEnded(call, id(), *job);
    }
};

// --- DELETE ---

class EraseCall final : public EndCall {
public:
    EraseCall(const JobCall& call, const store::JobId& id) : EndCall(call, id) {}

private:
    engine::Ending ask(const JobCall& call, engine::EndListener& listener) override {
        return call.runner.erase(call.owner, id(), listener);
    }

    std::optional<ngx_int_t> respond(const JobCall& call) override {
        if (isThere(glanceAt(call, id()))) {
            return std::nullopt;
        }
        call.r->headers_out.status = NGX_HTTP_NO_CONTENT;
        call.r->header_only = 1;
        return ngx_http_send_header(call.r);
    }
};

template <typename Call>
ngx_int_t end(const JobCall& call) {
    const auto id = jobIdOf(call);
    if (!id) {
        return refuse(call.r, NGX_HTTP_NOT_FOUND, "there is no such job");
    }
    const auto view = glanceAt(call, *id);
    if (!isThere(view)) {
        return refuseUnknown(call, *id);
    }
    noteJob(call.r, store::formatJobId(*id), view.status);
    return makeHeld<Call>(call, *id).begin(call);
}

}  // namespace

ngx_int_t cancelJob(const JobCall& call) {
    return end<CancelCall>(call);
}

ngx_int_t eraseJob(const JobCall& call) {
    return end<EraseCall>(call);
}

}  // namespace edgerun::nginx
