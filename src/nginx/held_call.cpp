#include "edgerun/nginx/held_call.h"

#include "edgerun/nginx/contain.h"

namespace edgerun::nginx {

HeldCall::HeldCall(ngx_http_request_t* r, const JobsConf& jobs)
    : r_(r), zone_(jobs.zone), wake_(onWake, this), limit_(onLimit, this) {
    limit_.keepWorker();
}

HeldCall::~HeldCall() {
    forgetChange();
}

Worker* HeldCall::worker() const {
    return workerFor(r_);
}

engine::JobRunner* HeldCall::runner() const {
    Worker* known = worker();
    return known != nullptr ? &known->runnerOf(zone_) : nullptr;
}

// --- to be held ---

ngx_int_t HeldCall::stay(Client client) {
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

void HeldCall::limitTo(std::uint64_t ms) {
    isOverdue_ = false;
    limit_.after(ms);
}

bool HeldCall::awaitChange(const JobCall& call, const store::JobId& id) {
    forgetChange();
    const auto watch = call.runner.arena().watch(id, call.owner);
    if (!watch) {
        return false;
    }
    call.runner.changes().await(*this, *watch);
    isAwaiting_ = true;
    return true;
}

void HeldCall::forgetChange() noexcept {
    if (isAwaiting_) {
        isAwaiting_ = false;
        if (engine::JobRunner* known = runner()) {
            known->changes().forget(*this);
        }
    }
}

// --- to go on ---

/// Others are told in the same breath: the request goes on after that.
void HeldCall::onChange() noexcept {
    isAwaiting_ = false;
    wake();
}

void HeldCall::onWake(void* self) noexcept {
    static_cast<HeldCall*>(self)->goOn();
}

void HeldCall::onLimit(void* self) noexcept {
    auto* call = static_cast<HeldCall*>(self);
    call->isOverdue_ = true;
    call->goOn();
}

/// The request may be gone afterwards, and this object with it.
void HeldCall::goOn() noexcept {
    // Of a client that has left, `post_action` may still make use.
    if (!isHeld_ || r_->main->post_action) {
        return;
    }
    ngx_http_request_t* r = r_;
    ngx_connection_t* c = r->connection;
    ngx_http_set_log_request(c->log, r);
    const ngx_int_t rc = step();
    if (rc != NGX_DONE) {
        isHeld_ = false;
        forgetChange();
        limit_.cancel();
        ngx_http_finalize_request(r, rc);
    }
    ngx_http_run_posted_requests(c);
}

ngx_int_t HeldCall::step() noexcept {
    return contain<ngx_int_t>(r_->connection->log, NGX_HTTP_INTERNAL_SERVER_ERROR,
                              [this]() -> ngx_int_t {
                                  const auto call = jobCallOf(r_);
                                  return call ? proceed(*call) : refuseWithoutWorker(r_);
                              });
}

}  // namespace edgerun::nginx
