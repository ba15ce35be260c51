#include "edgerun/loop/wake_up.h"

#include <sys/eventfd.h>
#include <unistd.h>

namespace edgerun::loop {

namespace {

constexpr std::uint64_t kPoll = 20;  // ms

}  // namespace

SharedWakeUp::SharedWakeUp() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

SharedWakeUp::~SharedWakeUp() {
    if (fd_ != -1) {
        close(fd_);
    }
}

void SharedWakeUp::signal() const noexcept {
    // Only a counter at its end refuses, after 2^64 signals.
    [[maybe_unused]] const int rc = eventfd_write(fd_, 1);
}

WakeUpEvent::WakeUpEvent(const SharedWakeUp& source, Handler handler, void* object)
    : handler_(handler), object_(object), poll_(onPoll, this) {
    if (!watch(source.fd())) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "edgerun: no connection is left for news of jobs; they are looked for "
                      "every %uLms",
                      kPoll);
        poll_.after(kPoll);
    }
}

WakeUpEvent::~WakeUpEvent() {
    if (connection_ != nullptr) {
        leave();
    }
}

bool WakeUpEvent::watch(int fd) {
    // Level-triggered, a descriptor that nobody reads would never rest.
    const bool isPossible = fd != -1 && (ngx_event_flags & NGX_USE_CLEAR_EVENT) != 0;
    // Asking NGINX for a connection that it does not have is an [alert].
    if (!isPossible || ngx_cycle->free_connection_n == 0) {
        return false;
    }
    connection_ = ngx_get_connection(fd, ngx_cycle->log);
    if (connection_ == nullptr) {
        return false;
    }
    connection_->data = this;
    for (ngx_event_t* ev : {connection_->read, connection_->write}) {
        ev->handler = onRead;
        ev->log = ngx_cycle->log;
    }
    if (ngx_add_event(connection_->read, NGX_READ_EVENT, NGX_CLEAR_EVENT) != NGX_OK) {
        leave();
        return false;
    }
    return true;
}

/// The eventfd stays open: it is the zone's.
void WakeUpEvent::leave() {
    ngx_event_t* read = connection_->read;
    if (read->active) {
        ngx_del_event(read, NGX_READ_EVENT, 0);
    }
    if (read->posted) {
        ngx_delete_posted_event(read);
    }
    ngx_free_connection(connection_);
    connection_->fd = static_cast<ngx_socket_t>(-1);  // or NGINX takes it for a leaked socket
    connection_ = nullptr;
}

/// `worker_shutdown_timeout` comes here too; a look too many does no harm.
void WakeUpEvent::onRead(ngx_event_t* ev) noexcept {
    const auto* c = static_cast<ngx_connection_t*>(ev->data);
    const auto* self = static_cast<WakeUpEvent*>(c->data);
    self->handler_(self->object_);
}

void WakeUpEvent::onPoll(void* self) noexcept {
    auto* event = static_cast<WakeUpEvent*>(self);
    event->poll_.after(kPoll);
    event->handler_(event->object_);
}

}  // namespace edgerun::loop
