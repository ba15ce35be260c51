#pragma once

#include <cstdint>
#include <new>
#include <utility>

#include "edgerun/engine/job_changes.h"
#include "edgerun/loop/loop_event.h"
#include "edgerun/nginx/job_calls.h"

namespace edgerun::nginx {

/// How long a call waits for the journal, in ms.
inline constexpr std::uint64_t kPatience = 30'000;
/// When to come again after what should work soon, in seconds.
inline constexpr std::uint64_t kRetryWhenUnavailable = 1;

/// A call on jobs that may have to wait before it can be answered. It lives in its request, whose
/// end, for whatever reason, is its own; then nobody knows of it any more. It keeps a leaving
/// worker.
class HeldCall : private engine::ChangeWaiter {
public:
    HeldCall(const HeldCall&) = delete;
    HeldCall& operator=(const HeldCall&) = delete;
    virtual ~HeldCall();

    /// What the handler returns.
    ngx_int_t begin(const JobCall& call) { return proceed(call); }

protected:
    HeldCall(ngx_http_request_t* r, const JobsConf& jobs);

    /// The next step: at the beginning, and after each wake-up. Returns what a handler returns, or
    /// what stay() does.
    virtual ngx_int_t proceed(const JobCall& call) = 0;

    enum class Client {
        Watched,  ///< one that goes away ends the request
        Ignored,
    };
    /// To be the last thing of a step.
    ngx_int_t stay(Client client = Client::Watched);

    /// Goes on in this turn of the loop.
    void wake() noexcept { wake_.post(); }
    /// Goes on after that time at the latest; replaces an earlier limit.
    void limitTo(std::uint64_t ms);
    bool isOverdue() const { return isOverdue_; }
    /// Goes on when the job has changed. To be asked before the job is looked at, else a change
    /// might be missed. False if there is no such job.
    bool awaitChange(const JobCall& call, const store::JobId& id);

    bool isHeld() const { return isHeld_; }
    /// Null when its configuration has ended (`master_process off`).
    engine::JobRunner* runner() const;
    Worker* worker() const;

private:
    void onChange() noexcept override;
    static void onWake(void* self) noexcept;
    static void onLimit(void* self) noexcept;
    void goOn() noexcept;
    ngx_int_t step() noexcept;
    void forgetChange() noexcept;

    ngx_http_request_t* r_;
    std::size_t zone_;
    bool isHeld_ = false;
    bool isAwaiting_ = false;
    bool isOverdue_ = false;
    loop::LoopEvent wake_;
    loop::LoopEvent limit_;
};

/// Makes a call of that kind in the request. A request's cleanups, unlike its pool's, run as soon
/// as it is terminated, though somebody may still hold it.
template <typename Call, typename... Arguments>
Call& makeHeld(const JobCall& call, Arguments&&... arguments) {
    static_assert(alignof(Call) <= NGX_ALIGNMENT);
    ngx_http_cleanup_t* cleanup = ngx_http_cleanup_add(call.r, sizeof(Call));
    if (cleanup == nullptr) {
        throw std::bad_alloc();
    }
    auto* held = new (cleanup->data) Call(call, std::forward<Arguments>(arguments)...);
    cleanup->handler = [](void* data) { static_cast<Call*>(data)->~Call(); };
    return *held;
}

}  // namespace edgerun::nginx
