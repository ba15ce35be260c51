#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "edgerun/auth/key_set.h"
#include "edgerun/engine/key_source.h"
#include "edgerun/loop/http_client.h"
#include "edgerun/store/key_set_page.h"

namespace edgerun::engine {

/// This worker's turns at asking one source for its keys: what comes is checked,
/// published to the page, and told in the log.
class KeyFetch final : private loop::TransferOwner {
public:
    class Listener {
    public:
        /// A fetch of this worker has ended, well or not.
        virtual void onFetched() noexcept = 0;

    protected:
        ~Listener() = default;
    };

    KeyFetch(const KeySource& source, store::KeySetPage& page, loop::HttpClient& client,
             Listener& listener);
    /// Lets another worker have the turn at once.
    ~KeyFetch();
    KeyFetch(const KeyFetch&) = delete;
    KeyFetch& operator=(const KeyFetch&) = delete;

    /// Asks the source if it is this worker's turn.
    void begin(store::FetchCause cause);

private:
    void onTransfer(const loop::TransferResult& result) noexcept override;
    bool mayStillSend() noexcept override { return true; }
    void onAbandoned() noexcept override;

    void take(const loop::TransferResult& result);
    void accept(const auth::KeySet& set, std::string_view bytes);
    void refuse(const std::string& reason);

    const KeySource& source_;
    store::KeySetPage& page_;
    loop::HttpClient& client_;
    Listener& listener_;
    store::FetchTurn turn_;
    loop::Transfer* transfer_ = nullptr;  ///< while it is this worker's turn
};

}  // namespace edgerun::engine
