#pragma once

#include <optional>

#include "edgerun/nginx/held_call.h"
#include "edgerun/nginx/job_response.h"

namespace edgerun::nginx {

/// To a client whose tool outputs are not those that its job waits for.
inline constexpr char kMisfit[] = "the job does not wait for these outputs";

/// A client that orders something for a job. It waits while that is being written down.
class OrderCall : public HeldCall, private engine::OrderListener {
public:
    ~OrderCall() override { forgetOrder(); }

protected:
    /// `excuse` is what to say when the order cannot be carried out now; static.
    OrderCall(const JobCall& call, const store::JobId& id, const char* excuse)
        : HeldCall(call.r, call.jobs), id_(id), excuse_(excuse) {}

    const store::JobId& id() const { return id_; }
    /// Others changed the job meanwhile.
    bool isLost() const { return outcome_ == engine::Order::Lost; }

private:
    virtual engine::Order ask(const JobCall& call, engine::OrderListener& listener) = 0;
    /// nullopt if the order was not carried out after all.
    virtual std::optional<ngx_int_t> respond(const JobCall& call) = 0;

    ngx_int_t proceed(const JobCall& call) override;
    ngx_int_t onDone(const JobCall& call);
    void onOrder(engine::Order order) noexcept override;
    void forgetOrder() noexcept;
    ngx_int_t refuseNow(ngx_http_request_t* r) const;

    store::JobId id_;
    const char* excuse_;
    int tries_ = 0;
    bool isPending_ = false;
    bool isYielding_ = false;               ///< to another that took the job over
    std::optional<engine::Order> outcome_;  ///< of the present try
};

/// Begins a call of that kind on the job that the request names.
template <typename Call, typename... Arguments>
ngx_int_t beginOrder(const JobCall& call, Arguments&&... arguments) {
    const auto id = jobIdOf(call);
    if (!id) {
        return refuse(call.r, NGX_HTTP_NOT_FOUND, "there is no such job");
    }
    const auto view = glanceAt(call, *id);
    if (!isThere(view)) {
        return refuseUnknown(call, *id);
    }
    noteJob(call.r, *id, view);
    return makeHeld<Call>(call, *id, std::forward<Arguments>(arguments)...).begin(call);
}

}  // namespace edgerun::nginx
