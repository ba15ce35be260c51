#include "edgerun/loop/loop_event.h"

#include <type_traits>

namespace edgerun::loop {

namespace {

/// NGINX's debug log reads a descriptor from what an event's data points to.
ngx_connection_t* noConnection() {
    static ngx_connection_t connection = [] {
        ngx_connection_t c{};
        c.fd = static_cast<ngx_socket_t>(-1);
        return c;
    }();
    return &connection;
}

}  // namespace

LoopEvent::LoopEvent(Handler handler, void* object) : event_{}, handler_(handler), object_(object) {
    event_.data = noConnection();
    event_.handler = onEvent;
    event_.log = ngx_cycle->log;
    event_.cancelable = 1;
}

void LoopEvent::after(std::uint64_t ms) {
    // NGINX ignores a new time that is less than 300 ms off the old one.
    if (event_.timer_set) {
        ngx_del_timer(&event_);
    }
    event_.log = ngx_cycle->log;
    ngx_add_timer(&event_, static_cast<ngx_msec_t>(ms));
}

void LoopEvent::post() {
    event_.log = ngx_cycle->log;
    ngx_post_event(&event_, &ngx_posted_events);
}

void LoopEvent::postNext() {
    event_.log = ngx_cycle->log;
    ngx_post_event(&event_, &ngx_posted_next_events);
}

void LoopEvent::cancel() {
    if (event_.timer_set) {
        ngx_del_timer(&event_);
    }
    if (event_.posted) {
        ngx_delete_posted_event(&event_);
    }
}

void LoopEvent::onEvent(ngx_event_t* ev) noexcept {
    static_assert(std::is_standard_layout_v<LoopEvent>);
    auto* self = reinterpret_cast<LoopEvent*>(ev);
    self->handler_(self->object_);
}

}  // namespace edgerun::loop
