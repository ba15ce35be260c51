#pragma once

#include "edgerun/loop/loop_event.h"
#include "edgerun/loop/ngx.h"

namespace edgerun::loop {

/// An eventfd that the master makes and all its workers inherit: signal() in one wakes all.
class SharedWakeUp {
public:
    /// -1 inside when the system has none left.
    SharedWakeUp();
    ~SharedWakeUp();
    SharedWakeUp(const SharedWakeUp&) = delete;
    SharedWakeUp& operator=(const SharedWakeUp&) = delete;

    int fd() const { return fd_; }
    void signal() const noexcept;

private:
    int fd_;
};

/// Calls one function of an object in the turn of the loop in which some process has called
/// signal(); now and then without that. Edge-triggered: nobody reads the eventfd, each write wakes
/// every process once.
class WakeUpEvent {
public:
    using Handler = void (*)(void* object) noexcept;

    /// Uses one of NGINX's connections. Without one (logged), it polls every 20 ms.
    WakeUpEvent(const SharedWakeUp& source, Handler handler, void* object);
    ~WakeUpEvent();
    WakeUpEvent(const WakeUpEvent&) = delete;
    WakeUpEvent& operator=(const WakeUpEvent&) = delete;

private:
    static void onRead(ngx_event_t* ev) noexcept;
    static void onPoll(void* self) noexcept;

    bool watch(int fd);
    void leave();

    Handler handler_;
    void* object_;
    ngx_connection_t* connection_ = nullptr;
    LoopEvent poll_;
};

}  // namespace edgerun::loop
