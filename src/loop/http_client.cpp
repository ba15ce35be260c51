#include "edgerun/loop/http_client.h"

#include <algorithm>
#include <new>
#include <unordered_map>
#include <vector>

#include "edgerun/loop/curl_multi.h"
#include "edgerun/loop/exchange.h"
#include "edgerun/loop/upstream_addresses.h"
#include "upstream_home.h"

namespace edgerun::loop {

namespace {

constexpr std::uint64_t kDrainTick = 100;    // ms
constexpr std::uint64_t kRetryTick = 50;     // ms, while NGINX is short of connections
constexpr std::uint64_t kIdleTime = 60'000;  // ms without transfers until connections close

/// Of NGINX's connections, left to clients.
std::size_t clientsShare() {
    return ngx_cycle->connection_n / 2;
}

/// Of NGINX's connections, those that may be idle however few transfers there are.
std::size_t idleShare() {
    return ngx_cycle->connection_n / 8;
}

struct ShareRelease {
    void operator()(CURLSH* share) const noexcept { curl_share_cleanup(share); }
};

}  // namespace

struct HttpClient::Impl : CurlMulti::Listener, UpstreamAddresses::Listener {
    Impl() : pump(onPump, this), drain(onDrain, this), rest(onRest, this) { drain.keepWorker(); }
    ~Impl();

    bool open();
    Transfer* start(const Upstream& upstream, TransferRequest request, TransferOwner& owner);
    void cancel(Transfer* transfer);

    void onDone(CURL* easy, CURLcode code) noexcept override;
    void onForcedClose() noexcept override { abandon(true); }
    void onAddresses(UpstreamAddresses&) noexcept override { pump.post(); }

    static void onPump(void* self) noexcept;
    static void onDrain(void* self) noexcept;
    static void onRest(void* self) noexcept;
    bool openMulti();
    void removeCancelled();
    void remove(Transfer* transfer);
    void beginQueued(UpstreamHome& home);
    bool mayBegin(const UpstreamHome& home) const;
    void begin(UpstreamHome& home, std::unique_ptr<Transfer> transfer);
    bool send(UpstreamHome& home, Transfer& transfer);
    void ended(UpstreamHome& home);
    void keepFor(std::size_t transfers);
    static void fail(const Transfer& transfer, const char* reason, bool isOurs = true);
    void abandon(bool onceToo);
    static void tellAbandoned(const Transfer& transfer);
    std::size_t homeOf(const Upstream& upstream);

    std::unique_ptr<CURLSH, ShareRelease> share;
    std::unique_ptr<CurlMulti> multi;
    std::vector<std::unique_ptr<UpstreamHome>> homes;
    std::unordered_map<const Upstream*, std::size_t> homeIndex;
    std::unordered_map<Transfer*, std::unique_ptr<Transfer>> active;
    std::vector<Transfer*> cancelled;  // while libcurl was on the stack
    std::size_t busiest = 0;           // transfers at once, lately
    LoopEvent pump;
    LoopEvent drain;
    LoopEvent rest;
};

std::unique_ptr<HttpClient> HttpClient::create() {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        ngx_log_error(NGX_LOG_EMERG, ngx_cycle->log, 0, "edgerun: curl_global_init() failed");
        return nullptr;
    }
    std::unique_ptr<HttpClient> client(new HttpClient());
    if (!client->impl_->open()) {
        ngx_log_error(NGX_LOG_EMERG, ngx_cycle->log, 0, "edgerun: libcurl cannot be set up");
        return nullptr;
    }
    return client;
}

HttpClient::HttpClient() : impl_(std::make_unique<Impl>()) {}

HttpClient::~HttpClient() {
    impl_.reset();
    curl_global_cleanup();
}

Transfer* HttpClient::start(const Upstream& upstream, TransferRequest request,
                            TransferOwner& owner) {
    return impl_->start(upstream, std::move(request), owner);
}

void HttpClient::cancel(Transfer* transfer) {
    impl_->cancel(transfer);
}

bool HttpClient::Impl::open() {
    share.reset(curl_share_init());
    // Without it, each transfer negotiates TLS from the beginning.
    return openMulti() && share != nullptr &&
           curl_share_setopt(share.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) ==
               CURLSHE_OK;
}

bool HttpClient::Impl::openMulti() {
    auto fresh = CurlMulti::create(*this);
    if (fresh == nullptr) {
        return false;
    }
    multi = std::move(fresh);
    keepFor(0);
    return true;
}

HttpClient::Impl::~Impl() {
    if (multi != nullptr) {
        abandon(true);
    }
    homes.clear();  // handles go before the multi handle and the share
    multi.reset();
}

Transfer* HttpClient::Impl::start(const Upstream& upstream, TransferRequest request,
                                  TransferOwner& owner) {
    auto transfer = std::make_unique<Transfer>();
    transfer->owner = &owner;
    transfer->home = homeOf(upstream);
    transfer->deadline = ngx_current_msec + static_cast<ngx_msec_t>(request.timeout);
    transfer->once = request.once;
    transfer->request = std::move(request);

    Transfer* handle = transfer.get();
    homes[transfer->home]->queue.push_back(std::move(transfer));
    pump.post();
    return handle;
}

void HttpClient::Impl::cancel(Transfer* transfer) {
    transfer->owner = nullptr;
    if (transfer->exchange == nullptr) {
        // Only its place in the queue stays until its turn comes. Assigned to, the request would
        // keep its memory.
        const TransferRequest dropped(std::move(transfer->request));
        return;
    }
    transfer->exchange->guard = nullptr;
    if (!multi->isInside()) {
        return remove(transfer);
    }
    try {
        cancelled.push_back(transfer);
    } catch (const std::bad_alloc&) {
        return;  // it ends by itself, and nobody is told
    }
    pump.post();
}

void HttpClient::Impl::removeCancelled() {
    while (!cancelled.empty()) {
        Transfer* transfer = cancelled.back();
        cancelled.pop_back();
        remove(transfer);
    }
}

void HttpClient::Impl::remove(Transfer* transfer) {
    const auto node = active.extract(transfer);
    if (node.empty()) {
        return;  // ended meanwhile
    }
    UpstreamHome& home = *homes[transfer->home];
    multi->remove(transfer->exchange->easy());
    home.giveBack(std::move(transfer->exchange));
    ended(home);
}

void HttpClient::Impl::onDone(CURL* easy, CURLcode code) noexcept {
    char* data = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &data);
    auto node = active.extract(reinterpret_cast<Exchange*>(data)->transfer);
    if (node.empty()) {
        return;
    }
    Transfer& transfer = *node.mapped();
    UpstreamHome& home = *homes[transfer.home];
    if (transfer.exchange->news != nullptr && transfer.exchange->news == home.addresses.news()) {
        home.addresses.learnt();
    }
    if (transfer.owner != nullptr) {
        TransferResult result = transfer.exchange->result(code);
        result.isOurs = transfer.wasHeldUp && result.outcome == TransferOutcome::Unknown;
        transfer.owner->onTransfer(result);
    }
    home.giveBack(std::move(transfer.exchange));
    ended(home);
}

void HttpClient::Impl::onPump(void* self) noexcept {
    auto* impl = static_cast<Impl*>(self);
    try {
        impl->removeCancelled();
        for (std::size_t i = 0; i < impl->homes.size(); i++) {
            impl->beginQueued(*impl->homes[i]);
        }
    } catch (const std::bad_alloc&) {
        impl->pump.after(kRetryTick);
    }
}

void HttpClient::Impl::beginQueued(UpstreamHome& home) {
    if (home.queue.empty()) {
        return;
    }
    const auto addresses = home.addresses.state();
    while (!home.queue.empty()) {
        const Transfer& next = *home.queue.front();
        const bool dropped = next.owner == nullptr;
        const bool late = static_cast<ngx_msec_int_t>(ngx_current_msec - next.deadline) >= 0;
        const bool unresolved = addresses == UpstreamAddresses::State::Failed;
        const bool ready = addresses == UpstreamAddresses::State::Ready && mayBegin(home);
        if (!dropped && !late && !unresolved && !ready) {
            // A transfer's end or an answer of the resolver comes back here;
            // nobody says when NGINX has connections, or a deadline passes.
            pump.after(kRetryTick);
            return;
        }

        std::unique_ptr<Transfer> transfer = std::move(home.queue.front());
        home.queue.pop_front();
        if (dropped) {
            continue;
        }
        if (late) {
            fail(*transfer, "no connection became free in time",
                 addresses == UpstreamAddresses::State::Ready);
        } else if (unresolved) {
            fail(*transfer, "the host name could not be resolved", false);
        } else {
            begin(home, std::move(transfer));
        }
    }
}

bool HttpClient::Impl::mayBegin(const UpstreamHome& home) const {
    if (home.active >= home.upstream.maxTransfers) {
        return false;
    }
    // NGINX's connections are for clients first; one transfer can always go on.
    // What has begun takes an idle connection, or opens one later.
    return home.active == 0 ||
           ngx_cycle->free_connection_n + multi->sockets() > active.size() + clientsShare();
}

/// The owner is told in every case: now, or when the transfer ends.
void HttpClient::Impl::begin(UpstreamHome& home, std::unique_ptr<Transfer> transfer) {
    if (transfer->once && !transfer->owner->mayStillSend()) {
        return fail(*transfer, "the job went on elsewhere");
    }
    const char* trouble = "libcurl refused the transfer";
    try {
        // The place comes first: nothing may throw once libcurl has the handle.
        auto& place = active[transfer.get()];
        if (send(home, *transfer)) {
            place = std::move(transfer);
            return;
        }
    } catch (const std::bad_alloc&) {
        trouble = "out of memory";
    }
    active.erase(transfer.get());
    fail(*transfer, trouble);
}

bool HttpClient::Impl::send(UpstreamHome& home, Transfer& transfer) {
    transfer.exchange = home.takeExchange(*multi, share.get());
    const auto left = static_cast<ngx_msec_int_t>(transfer.deadline - ngx_current_msec);
    transfer.wasHeldUp = static_cast<std::uint64_t>(left) < transfer.request.timeout / 2;
    curl_slist* news = home.addresses.news();
    Exchange& exchange = *transfer.exchange;
    exchange.transfer = &transfer;
    exchange.guard = transfer.owner;
    exchange.news = news;
    exchange.prepare(std::move(transfer.request), static_cast<std::uint64_t>(left), news);
    if (!multi->add(exchange.easy())) {
        return false;
    }
    home.active++;
    keepFor(std::max(busiest, active.size()));
    rest.cancel();
    if (!drain.isSet()) {
        drain.after(kDrainTick);
    }
    return true;
}

/// libcurl keeps connections open until another transfer finds them dead: none
/// may come for long, so it is made anew after a rest.
void HttpClient::Impl::ended(UpstreamHome& home) {
    home.active--;
    if (active.empty()) {
        rest.after(kIdleTime);
    }
    if (!home.queue.empty()) {
        pump.post();
    }
}

/// libcurl counts busy connections too, and transfers come in waves: as many
/// connections are kept as were busy lately.
void HttpClient::Impl::keepFor(std::size_t transfers) {
    busiest = transfers;
    multi->keepConnections(static_cast<long>(std::max({busiest, idleShare(), std::size_t{1}})));
}

void HttpClient::Impl::onRest(void* self) noexcept {
    auto* impl = static_cast<Impl*>(self);
    if (!impl->active.empty()) {
        return;
    }
    for (auto& home : impl->homes) {
        home->idle.clear();  // they belong to the old handle's sockets
        home->addresses.relearn();
    }
    impl->openMulti();
}

void HttpClient::Impl::fail(const Transfer& transfer, const char* reason, bool isOurs) {
    TransferResult result;
    result.outcome = TransferOutcome::NotSent;
    result.reason = reason;
    result.isOurs = isOurs;
    transfer.owner->onTransfer(result);
}

/// A leaving worker: its jobs go on elsewhere from their records. Transfers
/// that must not be repeated are carried to their end.
void HttpClient::Impl::onDrain(void* self) noexcept {
    auto* impl = static_cast<Impl*>(self);
    if (ngx_exiting) {
        impl->abandon(false);
    }
    // Half of it in five seconds, which is longer than most polls are apart.
    impl->keepFor(std::max(impl->active.size(), impl->busiest - (impl->busiest + 63) / 64));
    if (!impl->active.empty()) {
        impl->drain.after(kDrainTick);
    }
}

void HttpClient::Impl::abandon(bool onceToo) {
    for (auto& home : homes) {
        for (const auto& transfer : home->queue) {
            tellAbandoned(*transfer);
        }
        home->queue.clear();
    }
    for (auto it = active.begin(); it != active.end();) {
        Transfer& transfer = *it->second;
        if (transfer.once && transfer.owner != nullptr && !onceToo) {
            ++it;
            continue;
        }
        multi->remove(transfer.exchange->easy());
        homes[transfer.home]->active--;
        tellAbandoned(transfer);
        it = active.erase(it);
    }
}

void HttpClient::Impl::tellAbandoned(const Transfer& transfer) {
    if (transfer.owner != nullptr) {
        transfer.owner->onAbandoned();
    }
}

std::size_t HttpClient::Impl::homeOf(const Upstream& upstream) {
    const auto known = homeIndex.find(&upstream);
    if (known != homeIndex.end()) {
        return known->second;
    }
    const std::size_t index = homes.size();
    homes.push_back(std::make_unique<UpstreamHome>(upstream, *this));
    homeIndex.emplace(&upstream, index);
    return index;
}

}  // namespace edgerun::loop
