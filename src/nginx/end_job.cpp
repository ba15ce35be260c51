#include "edgerun/nginx/order_call.h"

namespace edgerun::nginx {

namespace {

constexpr const char* kExcuse = "the job cannot be ended now";

class CancelCall final : public OrderCall {
public:
    CancelCall(const JobCall& call, const store::JobId& id) : OrderCall(call, id, kExcuse) {}

private:
    engine::Order ask(const JobCall& call, engine::OrderListener& listener) override {
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
        return respondOrdered(call, id(), *job);
    }
};

class EraseCall final : public OrderCall {
public:
    EraseCall(const JobCall& call, const store::JobId& id) : OrderCall(call, id, kExcuse) {}

private:
    engine::Order ask(const JobCall& call, engine::OrderListener& listener) override {
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

}  // namespace

ngx_int_t cancelJob(const JobCall& call) {
    return beginOrder<CancelCall>(call);
}

ngx_int_t eraseJob(const JobCall& call) {
    return beginOrder<EraseCall>(call);
}

}  // namespace edgerun::nginx
