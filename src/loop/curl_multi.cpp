#include "edgerun/loop/curl_multi.h"

#include <openssl/err.h>

#include <new>

namespace edgerun::loop {

std::unique_ptr<CurlMulti> CurlMulti::create(Listener& listener) {
    std::unique_ptr<CurlMulti> loop(new (std::nothrow) CurlMulti(listener));
    return loop != nullptr && loop->multi_ != nullptr ? std::move(loop) : nullptr;
}

CurlMulti::CurlMulti(Listener& listener)
    : listener_(listener),
      multi_(curl_multi_init()),
      sockets_(*this),
      timer_(onTimer, this),
      kick_(onKick, this) {
    if (multi_ == nullptr) {
        return;
    }
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, watchSocket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, setTimer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
}

CurlMulti::~CurlMulti() {
    if (multi_ != nullptr) {
        inside_ = true;
        curl_multi_cleanup(multi_);  // closes cached connections through closeSocket
        ERR_clear_error();
    }
}

void CurlMulti::keepConnections(long most) {
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, most);
}

void CurlMulti::adopt(CURL* easy) {
    // The pointers belong to the loop, not to a transfer: libcurl closes a
    // socket long after the transfer that opened it is gone.
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, openSocket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &sockets_);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, closeSocket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, &sockets_);
}

bool CurlMulti::add(CURL* easy) {
    inside_ = true;
    const CURLMcode code = curl_multi_add_handle(multi_, easy);
    inside_ = false;
    return code == CURLM_OK;
}

void CurlMulti::remove(CURL* easy) {
    inside_ = true;
    curl_multi_remove_handle(multi_, easy);
    inside_ = false;
    ERR_clear_error();
}

void CurlMulti::onReady(curl_socket_t fd, int bits) noexcept {
    act(fd, bits);
}

void CurlMulti::onForcedClose() noexcept {
    // NGINX walks over its connections here: nothing may be closed under it.
    forcedClose_ = true;
    kick_.post();
}

void CurlMulti::act(curl_socket_t fd, int bits) {
    int running = 0;
    inside_ = true;
    curl_multi_socket_action(multi_, fd, bits, &running);
    inside_ = false;
    // What a failed handshake leaves in OpenSSL's queue, NGINX would report as
    // an [alert] on an innocent client's connection.
    ERR_clear_error();
    reap();
}

/// When a connect attempt times out, libcurl 7.88 goes on to the host's next
/// address only with the transfer's next event, and has none to come. The one
/// function that moves a transfer without an event moves all; it is called old,
/// not wrong.
void CurlMulti::actOnAll() {
    int running = 0;
    inside_ = true;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    curl_multi_socket_all(multi_, &running);
#pragma GCC diagnostic pop
    inside_ = false;
    ERR_clear_error();
    reap();
}

void CurlMulti::reap() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        CURL* easy = message->easy_handle;  // the message dies with the removal
        const CURLcode code = message->data.result;
        remove(easy);
        listener_.onDone(easy, code);
    }
}

curl_socket_t CurlMulti::openSocket(void* table, curlsocktype, curl_sockaddr* address) noexcept {
    return static_cast<SocketTable*>(table)->open(*address);
}

int CurlMulti::closeSocket(void* table, curl_socket_t fd) noexcept {
    return static_cast<SocketTable*>(table)->close(fd);
}

int CurlMulti::watchSocket(CURL*, curl_socket_t fd, int what, void* self, void*) noexcept {
    auto* loop = static_cast<CurlMulti*>(self);
    if (!loop->sockets_.watch(fd, what)) {
        loop->attemptEnded_ = true;
        loop->kick_.post();
    }
    return 0;  // anything else ends all transfers (7.88)
}

int CurlMulti::setTimer(CURLM*, long ms, void* self) noexcept {
    auto* loop = static_cast<CurlMulti*>(self);
    loop->timer_.cancel();
    if (ms == 0) {
        // libcurl is on the stack; it wants to be called again soon. Not in this
        // turn of the loop: a server that sends without end would hold it.
        loop->kick_.postNext();
    } else if (ms > 0) {
        loop->timer_.after(static_cast<std::uint64_t>(ms));
    }
    return 0;
}

void CurlMulti::onTimer(void* self) noexcept {
    static_cast<CurlMulti*>(self)->act(CURL_SOCKET_TIMEOUT, 0);
}

void CurlMulti::onKick(void* self) noexcept {
    auto* loop = static_cast<CurlMulti*>(self);
    if (loop->forcedClose_) {
        loop->forcedClose_ = false;
        loop->listener_.onForcedClose();
    }
    if (loop->attemptEnded_) {
        loop->attemptEnded_ = false;
        loop->actOnAll();
    } else {
        loop->act(CURL_SOCKET_TIMEOUT, 0);
    }
}

}  // namespace edgerun::loop
