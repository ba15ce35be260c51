#include "edgerun/loop/socket_table.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <new>

namespace edgerun::loop {

namespace {

/// Watches or leaves one direction. Level-triggered: libcurl does not read
/// until EAGAIN. The flag must be the same for both directions, since epoll
/// modifies a descriptor with the flags of the last call.
void setWatched(ngx_event_t* ev, ngx_int_t event, bool watched) {
    if (watched == static_cast<bool>(ev->active)) {
        return;
    }
    if (watched) {
        ngx_add_event(ev, event, NGX_LEVEL_EVENT);
    } else {
        // Not NGX_CLOSE_EVENT: the socket stays open in libcurl's cache.
        ngx_del_event(ev, event, 0);
    }
}

void unpost(ngx_event_t* ev) {
    // With accept_mutex, events wait in a queue from which ngx_del_event()
    // does not take them.
    if (ev->posted) {
        ngx_delete_posted_event(ev);
    }
}

bool isOpen(int fd) {
    return fcntl(fd, F_GETFD) != -1;
}

void quiesce(ngx_connection_t* c) {
    setWatched(c->read, NGX_READ_EVENT, false);
    setWatched(c->write, NGX_WRITE_EVENT, false);
    unpost(c->read);
    unpost(c->write);
}

/// The socket was closed under us, and with it went what epoll knew. libcurl 7.88
/// does that to a connect attempt that it gives up (its cf_socket_close()).
void lose(ngx_connection_t* c) {
    ngx_del_event(c->read, NGX_READ_EVENT, NGX_CLOSE_EVENT);
    ngx_del_event(c->write, NGX_WRITE_EVENT, NGX_CLOSE_EVENT);
    unpost(c->read);
    unpost(c->write);
}

/// The next attempt got the same descriptor: libcurl takes its socket for the
/// one that it had watched, and does not ask for that again.
void watchAgain(ngx_connection_t* c) {
    const bool reads = c->read->active;
    const bool writes = c->write->active;
    lose(c);
    setWatched(c->read, NGX_READ_EVENT, reads);
    setWatched(c->write, NGX_WRITE_EVENT, writes);
}

}  // namespace

SocketTable::~SocketTable() {
    for (ngx_connection_t* c : connections_) {
        if (c != nullptr) {
            close(c->fd);
        }
    }
}

curl_socket_t SocketTable::open(const curl_sockaddr& address) {
    const int fd =
        socket(address.family, address.socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address.protocol);
    if (fd == -1) {
        return CURL_SOCKET_BAD;
    }

    if (ngx_connection_t* former = find(fd)) {
        watchAgain(former);
        return fd;
    }

    // Asking NGINX for a connection that it does not have is an [alert].
    ngx_connection_t* c =
        ngx_cycle->free_connection_n > 0 ? ngx_get_connection(fd, ngx_cycle->log) : nullptr;
    if (c == nullptr) {
        ::close(fd);
        return CURL_SOCKET_BAD;
    }

    const auto index = static_cast<std::size_t>(fd);
    try {
        if (connections_.size() <= index) {
            connections_.resize(index + 64, nullptr);
        }
    } catch (const std::bad_alloc&) {
        ngx_free_connection(c);
        c->fd = static_cast<ngx_socket_t>(-1);
        ::close(fd);
        return CURL_SOCKET_BAD;
    }

    c->data = this;
    c->log = ngx_cycle->log;
    c->read->handler = onEvent;
    c->write->handler = onEvent;
    c->read->log = ngx_cycle->log;
    c->write->log = ngx_cycle->log;
    connections_[index] = c;
    count_++;
    return fd;
}

int SocketTable::close(curl_socket_t fd) {
    if (ngx_connection_t* c = find(fd)) {
        quiesce(c);
        release(c);
    }
    return ::close(fd);
}

void SocketTable::release(ngx_connection_t* c) {
    connections_[static_cast<std::size_t>(c->fd)] = nullptr;
    count_--;
    ngx_free_connection(c);
    c->fd = static_cast<ngx_socket_t>(-1);  // or NGINX takes it for a leaked socket
}

bool SocketTable::watch(curl_socket_t fd, int what) {
    ngx_connection_t* c = find(fd);
    if (c == nullptr) {
        return true;
    }
    if (what == CURL_POLL_REMOVE && !isOpen(fd)) {
        lose(c);
        release(c);
        return false;
    }
    if (what == CURL_POLL_REMOVE) {
        quiesce(c);
        return true;
    }
    setWatched(c->read, NGX_READ_EVENT, (what & CURL_POLL_IN) != 0);
    setWatched(c->write, NGX_WRITE_EVENT, (what & CURL_POLL_OUT) != 0);
    return true;
}

void SocketTable::onEvent(ngx_event_t* ev) noexcept {
    auto* c = static_cast<ngx_connection_t*>(ev->data);
    auto* table = static_cast<SocketTable*>(c->data);
    if (c->close) {
        table->listener_.onForcedClose();
        return;
    }
    // Which event fired, not the sticky `ready` flags.
    table->listener_.onReady(c->fd, ev->write ? CURL_CSELECT_OUT : CURL_CSELECT_IN);
}

ngx_connection_t* SocketTable::find(curl_socket_t fd) const {
    const auto index = static_cast<std::size_t>(fd);
    return fd >= 0 && index < connections_.size() ? connections_[index] : nullptr;
}

}  // namespace edgerun::loop
