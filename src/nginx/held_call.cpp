#include "edgerun/nginx/held_call.h"

namespace edgerun::nginx {

HeldCall::HeldCall(ngx_http_request_t* r, const JobsConf& jobs)
    : HeldRequest(r), zone_(jobs.zone) {}

HeldCall::~HeldCall() {
    forgetChange();
}

Worker* HeldCall::worker() const {
    return workerFor(request());
}

engine::JobRunner* HeldCall::runner() const {
    Worker* known = worker();
    return known != nullptr ? &known->runnerOf(zone_) : nullptr;
}

ngx_int_t HeldCall::step() {
    const auto call = jobCallOf(request());
    return call ? proceed(*call) : refuseWithoutWorker(request());
}

bool HeldCall::awaitChange(const JobCall& call, const store::JobId& id) {
    forgetChange();
    const auto watch = call.runner.arena().watch(id, call.owner);
    if (!watch) {
        return false;
    }
    call.runner.changes().await(*this, *watch);
    isAwaiting_ = true;
    return true;
}

/// Others are told in the same breath: the request goes on after that.
void HeldCall::onChange() noexcept {
    isAwaiting_ = false;
    wake();
}

void HeldCall::forgetChange() noexcept {
    if (isAwaiting_) {
        isAwaiting_ = false;
        if (engine::JobRunner* known = runner()) {
            known->changes().forget(*this);
        }
    }
}

}  // namespace edgerun::nginx
