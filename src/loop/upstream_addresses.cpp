#include "edgerun/loop/upstream_addresses.h"

#include <algorithm>
#include <new>

namespace edgerun::loop {

namespace {

constexpr time_t kLongestValidity = 300;  // seconds between look-ups, at most
constexpr ngx_msec_t kPauseAfterFailure = 1'000;

std::string inBrackets(const std::string& address) {
    return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

}  // namespace

UpstreamAddresses::UpstreamAddresses(const Upstream& upstream, Listener& listener)
    : upstream_(upstream), listener_(listener) {
    if (!upstream.addresses.empty()) {
        publish(upstream.addresses);
    }
}

UpstreamAddresses::~UpstreamAddresses() {
    if (pending_ != nullptr) {
        ngx_resolve_name_done(pending_);
    }
}

UpstreamAddresses::State UpstreamAddresses::state() {
    const bool due = static_cast<ngx_msec_int_t>(ngx_current_msec - nextLookUp_) >= 0;
    if (upstream_.resolver != nullptr && pending_ == nullptr && due) {
        lookUp();
    }
    if (known_ || upstream_.resolver == nullptr) {
        return State::Ready;  // without a resolver it is a literal address
    }
    return pending_ != nullptr ? State::Pending : State::Failed;
}

curl_slist* UpstreamAddresses::news() {
    return fresh_ ? list_.get() : nullptr;
}

void UpstreamAddresses::lookUp() {
    nextLookUp_ = ngx_current_msec + kPauseAfterFailure;
    ngx_resolver_ctx_t* ctx = ngx_resolve_start(upstream_.resolver, nullptr);
    if (ctx == nullptr || ctx == NGX_NO_RESOLVER) {
        return;
    }
    ctx->name = asNgx(upstream_.host);
    ctx->handler = onResolved;
    ctx->data = this;
    ctx->timeout = static_cast<ngx_msec_t>(upstream_.resolverTimeout);
    ctx->cancelable = 1;  // does not keep a leaving worker

    // The answer may come before ngx_resolve_name() returns.
    pending_ = ctx;
    if (ngx_resolve_name(ctx) != NGX_OK) {
        pending_ = nullptr;  // NGINX has freed it
    }
}

void UpstreamAddresses::onResolved(ngx_resolver_ctx_t* ctx) noexcept {
    auto* self = static_cast<UpstreamAddresses*>(ctx->data);
    self->pending_ = nullptr;
    try {
        self->take(*ctx);
    } catch (const std::bad_alloc&) {
        self->nextLookUp_ = ngx_current_msec + kPauseAfterFailure;
    }
    ngx_resolve_name_done(ctx);
    self->listener_.onAddresses(*self);
}

void UpstreamAddresses::take(const ngx_resolver_ctx_t& ctx) {
    if (ctx.state != NGX_OK || ctx.naddrs == 0) {
        nextLookUp_ = ngx_current_msec + kPauseAfterFailure;
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "edgerun: \"%s\" could not be resolved (%i: %s)", upstream_.host.c_str(),
                      ctx.state, ngx_resolver_strerror(ctx.state));
        return;
    }
    std::vector<std::string> addresses;
    for (ngx_uint_t i = 0; i < ctx.naddrs; i++) {
        u_char text[NGX_SOCKADDR_STRLEN];
        const std::size_t length =
            ngx_sock_ntop(ctx.addrs[i].sockaddr, ctx.addrs[i].socklen, text, sizeof(text), 0);
        addresses.emplace_back(reinterpret_cast<char*>(text), length);
    }
    publish(addresses);
    const time_t valid = std::clamp<time_t>(ctx.valid - ngx_time(), 1, kLongestValidity);
    nextLookUp_ = ngx_current_msec + static_cast<ngx_msec_t>(valid) * 1000;
}

void UpstreamAddresses::publish(const std::vector<std::string>& addresses) {
    const std::string& name = upstream_.tlsName.empty() ? upstream_.host : upstream_.tlsName;
    std::string entry = name + ":" + std::to_string(upstream_.port) + ":";
    for (std::size_t i = 0; i < addresses.size(); i++) {
        entry += (i == 0 ? std::string() : ",") + inBrackets(addresses[i]);
    }
    CurlList list(curl_slist_append(nullptr, entry.c_str()));
    if (list == nullptr) {
        throw std::bad_alloc();
    }
    previous_ = std::move(list_);
    list_ = std::move(list);
    fresh_ = true;
    known_ = true;
}

}  // namespace edgerun::loop
