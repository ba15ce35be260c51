#include "edgerun/nginx/held_call.h"
#include "edgerun/nginx/job_response.h"
#include "edgerun/nginx/preferences.h"

namespace edgerun::nginx {

namespace {

ngx_int_t showNow(const JobCall& call, const store::JobId& id, std::uint64_t wait) {
    const auto job = readJob(call, id);
    if (!job) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (!isThere(job->view)) {
        return refuseUnknown(call, id);
    }
    if (wait > 0 && !addWaitApplied(call.r, wait)) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return respondShown(call, id, *job);
}

/// A client that waits for the job to change.
class LongPoll final : public HeldCall {
public:
    LongPoll(const JobCall& call, const store::JobId& id, std::uint64_t version, std::uint64_t wait)
        : HeldCall(call.r, call.jobs), id_(id), version_(version), wait_(wait) {
        limitTo(wait);
    }

private:
    ngx_int_t proceed(const JobCall& call) override {
        const bool isToWait = !isOverdue() && awaitChange(call, id_) && isUnchanged(call);
        return isToWait ? stay() : showNow(call, id_, wait_);
    }

    bool isUnchanged(const JobCall& call) const {
        const auto view = glanceAt(call, id_);
        return isThere(view) && view.version == version_;
    }

    store::JobId id_;
    std::uint64_t version_;
    std::uint64_t wait_;
};

/// Has the client seen the job as it is, which may change yet?
bool isWorthWaiting(const JobCall& call, const store::JobView& view) {
    // While a body is on its way, NGINX reads from the connection, and cannot tell us that the
    // client has left.
    return isThere(view) && !run::isFinal(view.status) &&
           knownVersion(call.r, view.version) != Known::No && !call.r->discard_body;
}

}  // namespace

ngx_int_t showJob(const JobCall& call) {
    const auto id = jobIdOf(call);
    if (!id) {
        return refuse(call.r, NGX_HTTP_NOT_FOUND, "there is no such job");
    }
    const std::uint64_t wait = wishesOf(call).wait;
    if (wait > 0) {
        const auto view = glanceAt(call, *id);
        if (isWorthWaiting(call, view)) {
            return makeHeld<LongPoll>(call, *id, view.version, wait).begin(call);
        }
    }
    return showNow(call, *id, wait);
}

}  // namespace edgerun::nginx
