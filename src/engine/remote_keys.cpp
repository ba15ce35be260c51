#include "edgerun/engine/remote_keys.h"

#include <algorithm>
#include <exception>

#include "edgerun/auth/key_set.h"
#include "edgerun/engine/clocks.h"

namespace edgerun::engine {

namespace {

// ms
constexpr std::uint64_t kTick = 250;
constexpr std::uint64_t kWatch = 20;
/// A fetch that begins in the same millisecond as a question does not count as
/// its answer; and questions that come together need one fetch.
constexpr std::uint64_t kAskAfter = 2;

/// What may throw in a handler of the event loop has no owner that could be told.
template <typename Function>
void attempt(const KeySource& source, Function&& function) noexcept {
    try {
        function();
    } catch (const std::exception& trouble) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "edgerun: key source \"%s\" must wait: %s",
                      source.url.c_str(), trouble.what());
    }
}

}  // namespace

RemoteKeys::RemoteKeys(const KeySource& source, store::KeySetPage& page, loop::HttpClient& client)
    : source_(source),
      page_(page),
      tick_(onTick, this),
      watch_(onWatch, this),
      fetch_(source, page, client, *this) {
    watch_.keepWorker();  // requests that wait are answered before it leaves
    tick_.after(1);
}

RemoteKeys::~RemoteKeys() {
    wakeAll();
}

// --- the keys ---

std::uint64_t RemoteKeys::refresh() {
    if (page_.epoch() == seen_) {
        return number_;
    }
    const auto published = page_.read();
    auto read = auth::readKeySet(published.bytes);
    seen_ = published.epoch;
    if (auto* set = std::get_if<auth::KeySet>(&read)) {
        keys_ = std::move(set->keys);
        number_ = published.epoch;
    } else {
        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
                      "edgerun: a published key set of \"%s\" is not usable", source_.url.c_str());
    }
    return number_;
}

// --- requests that miss a key ---

KeyHope RemoteKeys::hopeFor(std::uint64_t askedAt) {
    const store::FetchOutlook outlook = page_.outlook(source_.times);
    if (waiters_.empty()) {
        endings_ = outlook.endings;
    }
    const std::uint64_t until = askedAt + source_.times.wait;
    const bool isNew = outlook.epoch != seen_;  // published after the caller's refresh()
    const bool isAnswered = outlook.epoch != 0 && outlook.answered > askedAt && !isNew;
    const bool mayCome = outlook.next < until;
    const bool isPossible = isNew || (mayCome && fetchNow() < until);
    if (isAnswered) {
        return KeyHope::None;
    }
    if (!isPossible) {
        // A fetch that is still under way, or never began, may have brought it.
        const bool isCurrent = outlook.epoch != 0 && !outlook.isFailing && !mayCome;
        return isCurrent ? KeyHope::None : KeyHope::Unavailable;
    }
    if (waiters_.size() >= kMostWaiters) {
        return KeyHope::Unavailable;
    }
    wantedAt_ = std::max(wantedAt_, askedAt);
    if (!watch_.isSet()) {
        watch_.after(kAskAfter);
    }
    return KeyHope::Coming;
}

void RemoteKeys::await(KeyWaiter& waiter, std::uint64_t askedAt) {
    waiters_.push_back({&waiter, askedAt + source_.times.wait});
    if (!watch_.isSet()) {
        watch_.after(kWatch);
    }
}

void RemoteKeys::forget(KeyWaiter& waiter) {
    const auto place = std::find_if(waiters_.begin(), waiters_.end(),
                                    [&](const Waiting& one) { return one.waiter == &waiter; });
    if (place != waiters_.end()) {
        *place = waiters_.back();
        waiters_.pop_back();
    }
}

// --- the event loop ---

void RemoteKeys::onTick(void* self) noexcept {
    auto* keys = static_cast<RemoteKeys*>(self);
    if (ngx_exiting) {
        return;  // whatever it began would be abandoned
    }
    keys->tick_.after(kTick);
    attempt(keys->source_, [keys] { keys->fetch_.begin(store::FetchCause::Schedule); });
}

void RemoteKeys::onWatch(void* self) noexcept {
    auto* keys = static_cast<RemoteKeys*>(self);
    attempt(keys->source_, [keys] { keys->watch(); });
    if (!keys->waiters_.empty() || keys->wantedAt_ != 0) {
        keys->watch_.after(kWatch);
    }
}

void RemoteKeys::watch() {
    const store::FetchOutlook outlook = page_.outlook(source_.times);
    const std::uint64_t now = fetchNow();
    if (outlook.endings != endings_ || outlook.epoch != seen_) {
        endings_ = outlook.endings;
        wantedAt_ = 0;  // what still misses a key asks again
        wakeAll();
        return;
    }
    wakeLate(now);
    askForWanted(now);
}

void RemoteKeys::wakeAll() noexcept {
    while (!waiters_.empty()) {
        KeyWaiter* waiter = waiters_.back().waiter;
        waiters_.pop_back();
        waiter->onKeys();
    }
}

void RemoteKeys::wakeLate(std::uint64_t now) noexcept {
    for (std::size_t i = 0; i < waiters_.size();) {
        if (now < waiters_[i].until) {
            i++;
            continue;
        }
        KeyWaiter* waiter = waiters_[i].waiter;
        waiters_[i] = waiters_.back();
        waiters_.pop_back();
        waiter->onKeys();
    }
}

/// Also when nobody waits: who asked may have been a variable.
void RemoteKeys::askForWanted(std::uint64_t now) {
    if (now >= wantedAt_ + source_.times.wait || ngx_exiting) {
        wantedAt_ = 0;
    } else if (now > wantedAt_) {
        fetch_.begin(store::FetchCause::UnknownKey);
    }
}

}  // namespace edgerun::engine
