#pragma once

#include <cstdint>

#include "edgerun/loop/ngx.h"

namespace edgerun::loop {

/// A timer or posted event of NGINX's loop that calls one function of an
/// object. Cancelable by default: it does not keep a leaving worker alive.
class LoopEvent {
public:
    using Handler = void (*)(void* object) noexcept;

    LoopEvent(Handler handler, void* object);
    ~LoopEvent() { cancel(); }
    LoopEvent(const LoopEvent&) = delete;
    LoopEvent& operator=(const LoopEvent&) = delete;

    /// Calls once after `ms`; replaces an earlier time, however near it is.
    void after(std::uint64_t ms);
    /// Calls once in this turn of the loop.
    void post();
    /// Calls once in the next turn of the loop, after I/O had its chance.
    void postNext();
    void cancel();
    bool isSet() const { return event_.timer_set || event_.posted; }

    /// The worker stays until the timer has fired.
    void keepWorker() { event_.cancelable = 0; }

private:
    static void onEvent(ngx_event_t* ev) noexcept;

    ngx_event_t event_;  // first: NGINX hands back its address
    Handler handler_;
    void* object_;
};

}  // namespace edgerun::loop
