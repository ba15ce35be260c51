#pragma once

#include <cstdint>
#include <new>
#include <utility>

#include "edgerun/loop/loop_event.h"
#include "edgerun/loop/ngx.h"

namespace edgerun::nginx {

/// How long a request waits for a disk, in ms.
inline constexpr std::uint64_t kPatience = 30'000;
/// When to come again after what should work soon, in seconds.
inline constexpr std::uint64_t kRetryWhenUnavailable = 1;

/// What may have to wait before its request can be answered. It lives in its request, whose end,
/// for whatever reason, is its own; then nobody must know of it any more. It keeps a leaving
/// worker.
class HeldRequest {
public:
    HeldRequest(const HeldRequest&) = delete;
    HeldRequest& operator=(const HeldRequest&) = delete;
    virtual ~HeldRequest() = default;

protected:
    explicit HeldRequest(ngx_http_request_t* r);

    /// What is to be done after a wake-up. Returns what a handler returns, or what stay() does.
    virtual ngx_int_t step() = 0;
    /// It is to hear of nothing any more: the request has its answer.
    virtual void letGo() noexcept {}

    enum class Client {
        Watched,  ///< one that goes away ends the request
        Ignored,
    };
    /// To be the last thing of a step, or of the handler.
    ngx_int_t stay(Client client = Client::Watched);

    /// Goes on in this turn of the loop.
    void wake() noexcept { wake_.post(); }
    /// Goes on after that time at the latest; replaces an earlier limit.
    void limitTo(std::uint64_t ms);
    bool isOverdue() const { return isOverdue_; }
    bool isHeld() const { return isHeld_; }
    ngx_http_request_t* request() const { return r_; }

private:
    static void onWake(void* self) noexcept;
    static void onLimit(void* self) noexcept;
    void goOn() noexcept;

    ngx_http_request_t* r_;
    bool isHeld_ = false;
    bool isOverdue_ = false;
    loop::LoopEvent wake_;
    loop::LoopEvent limit_;
};

/// Makes one of that kind in the request of `call`, from `call` and `arguments`. A request's
/// cleanups, unlike its pool's, run as soon as it is terminated, though somebody may still hold it.
template <typename Held, typename Call, typename... Arguments>
Held& makeHeld(const Call& call, Arguments&&... arguments) {
    static_assert(alignof(Held) <= NGX_ALIGNMENT);
    ngx_http_cleanup_t* cleanup = ngx_http_cleanup_add(call.r, sizeof(Held));
    if (cleanup == nullptr) {
        throw std::bad_alloc();
    }
    auto* held = new (cleanup->data) Held(call, std::forward<Arguments>(arguments)...);
    cleanup->handler = [](void* data) { static_cast<Held*>(data)->~Held(); };
    return *held;
}

}  // namespace edgerun::nginx
