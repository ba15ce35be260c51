#include "edgerun/nginx/held_request.h"

#include "edgerun/nginx/contain.h"

namespace edgerun::nginx {

HeldRequest::HeldRequest(ngx_http_request_t* r)
    : r_(r), wake_(onWake, this), limit_(onLimit, this) {
    limit_.keepWorker();
}

// --- to be held ---

ngx_int_t HeldRequest::stay(Client client) {
    ngx_event_t* read = r_->connection->read;
    if (client == Client::Watched) {
        r_->read_event_handler = ngx_http_test_reading;
        if (read->ready) {
            ngx_post_event(read, &ngx_posted_events);  // it may have left already
        } else if (ngx_handle_read_event(read, 0) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    } else {
        r_->read_event_handler = ngx_http_block_reading;
    }
    if (!isHeld_) {
        isHeld_ = true;
        r_->main->count++;  // the handler's NGX_DONE takes it away
        r_->write_event_handler = ngx_http_request_empty_handler;
    }
    return NGX_DONE;
}

void HeldRequest::limitTo(std::uint64_t ms) {
    isOverdue_ = false;
    limit_.after(ms);
}

// --- to go on ---

void HeldRequest::onWake(void* self) noexcept {
    static_cast<HeldRequest*>(self)->goOn();
}

void HeldRequest::onLimit(void* self) noexcept {
    auto* held = static_cast<HeldRequest*>(self);
    held->isOverdue_ = true;
    held->goOn();
}

/// The request may be gone afterwards, and this object with it.
void HeldRequest::goOn() noexcept {
    // Of a client that has left, `post_action` may still make use.
    if (!isHeld_ || r_->main->post_action) {
        return;
    }
    ngx_http_request_t* r = r_;
    ngx_connection_t* c = r->connection;
    ngx_http_set_log_request(c->log, r);
    const ngx_int_t rc =
        contain<ngx_int_t>(c->log, NGX_HTTP_INTERNAL_SERVER_ERROR, [this] { return step(); });
    if (rc != NGX_DONE) {
        isHeld_ = false;
        letGo();
        limit_.cancel();
        ngx_http_finalize_request(r, rc);
    }
    ngx_http_run_posted_requests(c);
}

}  // namespace edgerun::nginx
