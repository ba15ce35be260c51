#pragma once

#include <cstdint>
#include <vector>

#include "edgerun/auth/verification_key.h"
#include "edgerun/engine/key_fetch.h"
#include "edgerun/engine/key_source.h"
#include "edgerun/loop/http_client.h"
#include "edgerun/loop/loop_event.h"
#include "edgerun/store/key_set_page.h"

namespace edgerun::engine {

/// What a request may expect that misses a key.
enum class KeyHope {
    Coming,       ///< an answer is under way that may hold it: wait, then ask again
    None,         ///< the source has no such key
    Unavailable,  ///< nobody can say: there has never been a set, or the source fails, or too many
                  ///< requests wait for it
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
class RemoteKeys final : private KeyFetch::Listener {
public:
    /// That wait in one worker for one source.
    static constexpr std::size_t kMostWaiters = 1'000;

    /// `page` is the source's shared page; all must outlive this object. Begins
    /// to fetch when it is due, from the event loop.
    RemoteKeys(const KeySource& source, store::KeySetPage& page, loop::HttpClient& client);
    /// Tells those who wait.
    ~RemoteKeys();
    RemoteKeys(const RemoteKeys&) = delete;
    RemoteKeys& operator=(const RemoteKeys&) = delete;

    /// Takes over a newly published set, if there is one. The number of the set
    /// in force: it changes whenever keys() does, and is 0 while there is none.
    /// One atomic load when nothing is new.
    std::uint64_t refresh();
    const auth::VerificationKeys& keys() const { return keys_; }
    /// What refresh() said last.
    std::uint64_t epoch() const { return number_; }

    /// For a request that misses a key, or the first set, since `askedAt`
    /// (fetchNow() at its first question) and has called refresh(). May begin a fetch: for a
    /// key that is unknown at most one per FetchTimes::unknownKey, whatever
    /// clients ask. Only an answer to a fetch that began after askedAt can say
    /// None, unless no fetch may begin in time. Coming for at most
    /// FetchTimes::wait.
    KeyHope hopeFor(std::uint64_t askedAt);

    /// After Coming: the waiter hears of the next change, or of the end of its
    /// time (askedAt + FetchTimes::wait); once, and not from within this call.
    void await(KeyWaiter& waiter, std::uint64_t askedAt);
    /// It hears nothing any more.
    void forget(KeyWaiter& waiter);

private:
    struct Waiting {
        KeyWaiter* waiter;
        std::uint64_t until;
    };

    void onFetched() noexcept override { watch_.post(); }
    static void onTick(void* self) noexcept;
    static void onWatch(void* self) noexcept;
    void watch();
    void wakeAll() noexcept;
    void wakeLate(std::uint64_t now) noexcept;
    void askForWanted(std::uint64_t now);

    const KeySource& source_;
    store::KeySetPage& page_;

    auth::VerificationKeys keys_;
    std::uint64_t number_ = 0;  ///< epoch of keys_
    std::uint64_t seen_ = 0;    ///< the last epoch that was looked at

    std::vector<Waiting> waiters_;
    std::uint64_t endings_ = 0;   ///< as the waiters know
    std::uint64_t wantedAt_ = 0;  ///< the newest question that waits for an answer, or 0

    loop::LoopEvent tick_;   ///< for ever
    loop::LoopEvent watch_;  ///< while somebody waits
    KeyFetch fetch_;
};

}  // namespace edgerun::engine
