#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "edgerun/auth/verification_key.h"
#include "edgerun/loop/http_client.h"
#include "edgerun/loop/upstream.h"
#include "edgerun/store/key_set_page.h"

namespace edgerun::engine {

/// One edgerun_auth_jwt_jwks_uri. Constant for the life of a configuration.
struct KeySource {
    std::string url;  ///< for logs
    loop::Upstream upstream;
    std::string path;  ///< below the upstream, with its query
    store::FetchTimes times;
};

/// What a request may expect that misses a key.
enum class KeyHope {
    Coming,       ///< an answer is under way that may hold it: wait, then ask again
    None,         ///< the source has no such key
    Unavailable,  ///< the source has never given a set
};

/// Told once, after the keys or the hope for them may have changed.
class KeyWaiter {
public:
    virtual void onKeys() noexcept = 0;

protected:
    ~KeyWaiter() = default;
};

/// One worker's view of a key source that all workers share: parses each
/// published set once, fetches the next when it is this worker's turn. A set
/// stays in force until a good one takes its place.
class RemoteKeys {
public:
    /// `page` is the source's shared page; all must outlive this object. Begins
    /// to fetch when it is due, from the event loop.
    static std::unique_ptr<RemoteKeys> create(const KeySource& source, store::KeySetPage& page,
                                              loop::HttpClient& client);
    ~RemoteKeys();
    RemoteKeys(const RemoteKeys&) = delete;
    RemoteKeys& operator=(const RemoteKeys&) = delete;

    /// Takes over a newly published set, if there is one. The number of the set
    /// in force: it changes whenever keys() does, and is 0 while there is none.
    /// One atomic load when nothing is new.
    std::uint64_t refresh();
    const auth::VerificationKeys& keys() const;

    /// For a request that misses a key, or the first set, since `askedAt`
    /// (ngx_current_msec at its first question). May begin a fetch: for a key that is unknown
    /// at most one per FetchTimes::unknownKey, whatever clients ask. Only an
    /// answer to a fetch that began at or after askedAt can say None, unless
    /// another fetch is not allowed yet. Coming for at most FetchTimes::wait.
    KeyHope hopeFor(std::uint64_t askedAt);

    /// The waiter hears of the next change, or of the end of its time (askedAt +
    /// FetchTimes::wait); once, and not from within this call.
    void await(KeyWaiter& waiter, std::uint64_t askedAt);
    /// It hears nothing any more.
    void forget(KeyWaiter& waiter);

private:
    RemoteKeys();
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace edgerun::engine
