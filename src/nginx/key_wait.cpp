#include "edgerun/nginx/key_wait.h"

#include <new>

#include "edgerun/loop/loop_event.h"

namespace edgerun::nginx {

namespace {

/// Lives as long as its request, which may wait more than once.
class WaitingRequest final : public engine::KeyWaiter {
public:
    explicit WaitingRequest(ngx_http_request_t* r) : r_(r), wake_(onWake, this) {}
    ~WaitingRequest() { forgetAll(); }
    WaitingRequest(const WaitingRequest&) = delete;
    WaitingRequest& operator=(const WaitingRequest&) = delete;

    bool isOf(const ngx_http_request_t* r) const { return r_ == r; }

    ngx_int_t wait(const std::vector<engine::RemoteKeys*>& sources, std::uint64_t askedAt) {
        ngx_event_t* read = r_->connection->read;
        if (ngx_handle_read_event(read, 0) != NGX_OK) {
            return NGX_ERROR;
        }
        forgetAll();         // before its `post_action` it may have waited for others
        sources_ = sources;  // first: whoever knows of us must be told when we go
        isAfterwards_ = r_->main->post_action;
        for (engine::RemoteKeys* source : sources_) {
            source->await(*this, askedAt);
        }
        r_->read_event_handler = ngx_http_test_reading;  // notices a client that leaves
        r_->write_event_handler = ngx_http_request_empty_handler;
        if (read->ready) {
            ngx_post_event(read, &ngx_posted_events);  // it may have left already
        }
        return NGX_AGAIN;
    }

    /// Others are told in the same breath: the request goes on after that.
    void onKeys() noexcept override {
        forgetAll();
        wake_.post();
    }

private:
    void forgetAll() noexcept {
        for (engine::RemoteKeys* source : sources_) {
            source->forget(*this);
        }
        sources_.clear();
    }

    static void onWake(void* self) noexcept;

    ngx_http_request_t* r_;
    std::vector<engine::RemoteKeys*> sources_;  ///< which are to tell
    bool isAfterwards_ = false;                 ///< what waits is its `post_action`
    loop::LoopEvent wake_;
};

/// The request may be gone afterwards, and this object with it.
void WaitingRequest::onWake(void* self) noexcept {
    const auto* waiting = static_cast<WaitingRequest*>(self);
    ngx_http_request_t* r = waiting->r_;
    // Its client has left, and the request is its `post_action`'s by now.
    if (waiting->isAfterwards_ != (r->main->post_action != 0)) {
        return;
    }
    ngx_connection_t* c = r->connection;
    ngx_http_set_log_request(c->log, r);
    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    } else {
        r->read_event_handler = ngx_http_block_reading;
        r->write_event_handler = ngx_http_core_run_phases;
        ngx_http_core_run_phases(r);
    }
    ngx_http_run_posted_requests(c);
}

void destroy(void* waiting) {
    static_cast<WaitingRequest*>(waiting)->~WaitingRequest();
}

WaitingRequest* existingOf(ngx_http_request_t* r) {
    for (ngx_http_cleanup_t* cleanup = r->main->cleanup; cleanup; cleanup = cleanup->next) {
        if (cleanup->handler == destroy) {
            auto* waiting = static_cast<WaitingRequest*>(cleanup->data);
            if (waiting->isOf(r)) {
                return waiting;
            }
        }
    }
    return nullptr;
}

/// A request's cleanups, unlike its pool's, run as soon as it is terminated,
/// though somebody may still hold it.
WaitingRequest* create(ngx_http_request_t* r) {
    ngx_http_cleanup_t* cleanup = ngx_http_cleanup_add(r, sizeof(WaitingRequest));
    if (cleanup == nullptr) {
        return nullptr;
    }
    static_assert(alignof(WaitingRequest) <= NGX_ALIGNMENT);
    auto* waiting = new (cleanup->data) WaitingRequest(r);
    cleanup->handler = destroy;
    return waiting;
}

}  // namespace

ngx_int_t waitForKeys(ngx_http_request_t* r, const std::vector<engine::RemoteKeys*>& sources,
                      std::uint64_t askedAt) {
    WaitingRequest* waiting = existingOf(r);
    if (waiting == nullptr) {
        waiting = create(r);
    }
    return waiting != nullptr ? waiting->wait(sources, askedAt) : NGX_ERROR;
}

}  // namespace edgerun::nginx
