#include "edgerun/nginx/order_call.h"

namespace edgerun::nginx {

namespace {

constexpr int kTries = 3;                // others may take the job over meanwhile
constexpr std::uint64_t kYield = 1'000;  // ms, for another that carries out the order

}  // namespace

ngx_int_t OrderCall::proceed(const JobCall& call) {
    if (isPending_) {
        if (!isOverdue()) {
            return stay();
        }
        forgetOrder();
        return refuseNow(call.r);
    }
    if (!outcome_) {
        isPending_ = true;
        const engine::Order order = ask(call, *this);
        if (order == engine::Order::Coming) {
            limitTo(kPatience);
            return stay();
        }
        isPending_ = false;
        outcome_ = order;
    }
    switch (*outcome_) {
        case engine::Order::Done:
        case engine::Order::Lost:
            return onDone(call);
        case engine::Order::Conflict:
            return refuse(call.r, NGX_HTTP_CONFLICT, kMisfit);
        case engine::Order::Unknown:
            return refuseUnknown(call, id_);
        case engine::Order::Coming:
        case engine::Order::Unavailable:
            break;
    }
    return refuseNow(call.r);
}

/// Who took the job over meanwhile carries out the order too, most likely: two that take it from
/// each other would never come to an end.
ngx_int_t OrderCall::onDone(const JobCall& call) {
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
        return refuseNow(call.r);
    }
    outcome_.reset();
    return proceed(call);
}

void OrderCall::onOrder(engine::Order order) noexcept {
    isPending_ = false;
    outcome_ = order;
    wake();
}

void OrderCall::forgetOrder() noexcept {
    if (isPending_) {
        isPending_ = false;
        if (engine::JobRunner* known = runner()) {
            known->forget(*this);
        }
    }
}

ngx_int_t OrderCall::refuseNow(ngx_http_request_t* r) const {
    return refuseLater(r, kRetryWhenUnavailable, excuse_);
}

}  // namespace edgerun::nginx
