#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "edgerun/loop/curl_multi.h"
#include "edgerun/loop/exchange.h"
#include "edgerun/loop/http_client.h"
#include "edgerun/loop/upstream_addresses.h"

namespace edgerun::loop {

/// One call of an owner: small while it waits, on a libcurl handle when it runs.
class Transfer {
public:
    TransferOwner* owner = nullptr;  ///< null: cancelled
    std::size_t home = 0;            ///< index of the upstream
    TransferRequest request;
    ngx_msec_t deadline = 0;
    bool once = false;
    bool wasHeldUp = false;              ///< more than half of its time had passed when it began
    std::unique_ptr<Exchange> exchange;  ///< while it runs
};

/// What the client keeps for one upstream. The upstream must outlive it.
struct UpstreamHome {
    static constexpr std::size_t kSpareHandles = 64;  ///< idle ones kept

    UpstreamHome(const Upstream& server, UpstreamAddresses::Listener& listener)
        : upstream(server), options(server), addresses(server, listener) {
        idle.reserve(kSpareHandles);  // giving back must not fail
    }

    /// Throws std::bad_alloc.
    std::unique_ptr<Exchange> takeExchange(CurlMulti& multi, CURLSH* share) {
        if (!idle.empty()) {
            auto exchange = std::move(idle.back());
            idle.pop_back();
            return exchange;
        }
        auto exchange = std::make_unique<Exchange>(upstream, options, share);
        if (exchange->easy() == nullptr) {
            throw std::bad_alloc();
        }
        multi.adopt(exchange->easy());
        return exchange;
    }

    void giveBack(std::unique_ptr<Exchange> exchange) {
        if (idle.size() < kSpareHandles) {
            exchange->reset();
            idle.push_back(std::move(exchange));
        }
    }

    const Upstream& upstream;
    UpstreamOptions options;
    UpstreamAddresses addresses;
    std::deque<std::unique_ptr<Transfer>> queue;
    std::vector<std::unique_ptr<Exchange>> idle;
    std::size_t active = 0;  ///< transfers that run
};

}  // namespace edgerun::loop
