#pragma once

#include <string>
#include <vector>

#include "edgerun/loop/exchange.h"
#include "edgerun/loop/ngx.h"
#include "edgerun/loop/upstream.h"

namespace edgerun::loop {

/// Where an upstream's name leads, without ever blocking: the addresses that
/// the configuration found, renewed by NGINX's resolver if there is one. The
/// last good ones stay in use while the resolver fails.
class UpstreamAddresses {
public:
    class Listener {
    public:
        /// A first look-up has ended, well or not.
        virtual void onAddresses(UpstreamAddresses& addresses) noexcept = 0;

    protected:
        ~Listener() = default;
    };

    UpstreamAddresses(const Upstream& upstream, Listener& listener);
    ~UpstreamAddresses();
    UpstreamAddresses(const UpstreamAddresses&) = delete;
    UpstreamAddresses& operator=(const UpstreamAddresses&) = delete;

    enum class State {
        Ready,    ///< transfers may begin
        Pending,  ///< wait for onAddresses()
        Failed,   ///< the name could not be resolved, just now
    };

    /// Also begins a look-up when one is due.
    State state();

    /// A CURLOPT_RESOLVE list when libcurl has not learnt the present
    /// addresses yet, else null. Valid until the next change of addresses.
    curl_slist* news();
    /// libcurl has been given the news.
    void learnt() { fresh_ = false; }
    /// A new multi handle knows nothing yet.
    void relearn() { fresh_ = known_; }

private:
    static void onResolved(ngx_resolver_ctx_t* ctx) noexcept;
    void lookUp();
    void take(const ngx_resolver_ctx_t& ctx);
    void publish(const std::vector<std::string>& addresses);

    const Upstream& upstream_;
    Listener& listener_;
    ngx_resolver_ctx_t* pending_ = nullptr;
    CurlList list_;
    CurlList previous_;  // a transfer that has not begun yet may point to it
    bool fresh_ = false;
    bool known_ = false;
    ngx_msec_t nextLookUp_ = 0;
};

}  // namespace edgerun::loop
