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

/// Between two transfers. The next one begins with waiting for an answer, so
/// the event loop keeps what it knows: that saves system calls for each.
void rest(ngx_connection_t* c) {
    setWatched(c->write, NGX_WRITE_EVENT, false);
    unpost(c->read);
    unpost(c->write);
}

/// The server closes an idle connection, or says what nobody has asked for. libcurl 7.88 leaves
/// alone what is at its end, but would take the rest for the answer to its next request, which may
/// be another user's. So it gets the end in any case, and no request goes there any more.
void giveUpIdle(int fd) {
    char unasked[16 * 1024];
    shutdown(fd, SHUT_RDWR);
    while (recv(fd, unasked, sizeof(unasked), MSG_DONTWAIT) == sizeof(unasked)) {
    }
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
    for (const Socket& socket : known_) {
        if (socket.connection != nullptr) {
            close(socket.connection->fd);
        }
    }
}

curl_socket_t SocketTable::open(const curl_sockaddr& address) {
    const int fd =
        socket(address.family, address.socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address.protocol);
    if (fd == -1) {
        return CURL_SOCKET_BAD;
    }

    if (Socket* former = find(fd)) {
        if (former->isWatched) {
            watchAgain(former->connection);
        } else {
            lose(former->connection);
        }
        return fd;
    }
    if (!add(fd)) {
        ::close(fd);
        return CURL_SOCKET_BAD;
    }
    return fd;
}

bool SocketTable::add(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    try {
        if (known_.size() <= index) {
            known_.resize(index + 64);
        }
    } catch (const std::bad_alloc&) {
        return false;
    }
    // Asking NGINX for a connection that it does not have is an [alert].
    ngx_connection_t* c =
        ngx_cycle->free_connection_n > 0 ? ngx_get_connection(fd, ngx_cycle->log) : nullptr;
    if (c == nullptr) {
        return false;
    }
    c->data = this;
    c->log = ngx_cycle->log;
    c->read->handler = onEvent;
    c->write->handler = onEvent;
    c->read->log = ngx_cycle->log;
    c->write->log = ngx_cycle->log;
    known_[index] = {c, false};
    count_++;
    return true;
}

int SocketTable::close(curl_socket_t fd) {
    if (Socket* socket = find(fd)) {
        quiesce(socket->connection);
        release(*socket);
    }
    return ::close(fd);
}

void SocketTable::release(Socket& socket) {
    ngx_connection_t* c = socket.connection;
    socket = {};
    count_--;
    ngx_free_connection(c);
    c->fd = static_cast<ngx_socket_t>(-1);  // or NGINX takes it for a leaked socket
}

bool SocketTable::watch(curl_socket_t fd, int what) {
    Socket* socket = find(fd);
    if (socket == nullptr) {
        return true;
    }
    ngx_connection_t* c = socket->connection;
    if (what == CURL_POLL_REMOVE && !isOpen(fd)) {
        lose(c);
        release(*socket);
        return false;
    }
    socket->isWatched = what != CURL_POLL_REMOVE;
    if (!socket->isWatched) {
        rest(c);
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
    Socket* socket = table->find(c->fd);
    if (socket == nullptr || !socket->isWatched) {
        quiesce(c);
        if (socket != nullptr && !ev->write) {
            giveUpIdle(c->fd);
        }
        return;
    }
    // Which event fired, not the sticky `ready` flags.
    table->listener_.onReady(c->fd, ev->write ? CURL_CSELECT_OUT : CURL_CSELECT_IN);
}

SocketTable::Socket* SocketTable::find(curl_socket_t fd) {
    const auto index = static_cast<std::size_t>(fd);
    const bool isKnown = fd >= 0 && index < known_.size() && known_[index].connection != nullptr;
    return isKnown ? &known_[index] : nullptr;
}

}  // namespace edgerun::loop
