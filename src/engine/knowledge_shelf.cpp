#include "knowledge_shelf.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

#include "edgerun/engine/clocks.h"

namespace edgerun::engine {

namespace {

constexpr std::uint64_t kTryAgain = 1'000;  // ms
constexpr std::size_t kMostLogged = 10;     // faults

/// False if it is not there.
template <typename Listener>
bool removeFrom(std::vector<Listener*>& listeners, const Listener& listener) noexcept {
    const auto place = std::find(listeners.begin(), listeners.end(), &listener);
    if (place == listeners.end()) {
        return false;
    }
    listeners.erase(place);
    return true;
}

}  // namespace

void KnowledgeDiscard::take(std::shared_ptr<const text::KnowledgeBase> base) {
    if (isUnderWay()) {
        return;
    }
    base_ = std::move(base);
    if (!begin()) {
        base_.reset();
    }
}

KnowledgeShelf::KnowledgeShelf(const KnowledgeSource& source)
    : ThreadTask(source.pool),
      source_(source),
      version_{source.base, source.stamp},
      discard_(source.pool) {}

KnowledgeShelf::~KnowledgeShelf() {
    tellWaiting();
    std::swap(waiting_, late_);
    tellWaiting();
}

// --- to ask ---

std::shared_ptr<const text::KnowledgeBase> KnowledgeShelf::current(KnowledgeListener& listener) {
    if (removeFrom(told_, listener)) {
        return version_.base;  // else, while somebody edits again and again, it would wait for ever
    }
    if (isWaiting(listener)) {
        return nullptr;
    }
    const auto stamp = newestStamp(source_);
    if (!stamp) {
        noteGone(errno);
        return version_.base;
    }
    isGone_ = false;
    const bool isKnown = *stamp == version_.stamp || isKnownBad(*stamp);
    return isKnown || !await(listener, *stamp) ? version_.base : nullptr;
}

bool KnowledgeShelf::isWaiting(const KnowledgeListener& listener) const {
    return std::count(waiting_.begin(), waiting_.end(), &listener) +
               std::count(late_.begin(), late_.end(), &listener) >
           0;
}

bool KnowledgeShelf::isKnownBad(const FileStamp& stamp) const {
    return bad_ && bad_->stamp == stamp && (bad_->isRead || monotonicNow() < badUntil_);
}

void KnowledgeShelf::noteGone(int error) {
    if (!std::exchange(isGone_, true)) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, error,
                      "edgerun: the file of the knowledge base \"%s\" cannot be found; what was "
                      "read of it stays in use",
                      source_.name.c_str());
    }
}

/// False if it cannot be read now: the pool's queue is full.
bool KnowledgeShelf::await(KnowledgeListener& listener, const FileStamp& stamp) {
    told_.reserve(told_.size() + waiting_.size() + late_.size() + 1);  // onDone() takes no memory
    if (isUnderWay()) {
        (stamp == wanted_ ? waiting_ : late_).push_back(&listener);
        return true;
    }
    waiting_.push_back(&listener);
    wanted_ = stamp;
    if (begin()) {
        return true;
    }
    waiting_.pop_back();
    return false;
}

void KnowledgeShelf::forget(KnowledgeListener& listener) noexcept {
    static_cast<void>(removeFrom(told_, listener) || removeFrom(waiting_, listener) ||
                      removeFrom(late_, listener));
}

// --- in the thread ---

void KnowledgeShelf::work() noexcept {
    try {
        read_ = readKnowledge(source_);
    } catch (const std::exception&) {
        read_ = BadKnowledge{wanted_, false, {}};  // no memory
    }
}

// --- on the loop again ---

void KnowledgeShelf::onDone() noexcept {
    try {
        take(std::exchange(read_, {}));
    } catch (const std::exception&) {
        badUntil_ = 0;  // no memory to note it: the next request reads it again
    }
    tellWaiting();
    readForLate();
}

void KnowledgeShelf::take(std::variant<KnowledgeVersion, BadKnowledge> read) {
    if (auto* bad = std::get_if<BadKnowledge>(&read)) {
        return takeBad(std::move(*bad));
    }
    adopt(std::move(std::get<KnowledgeVersion>(read)));
    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "edgerun: the knowledge base \"%s\" was read anew: %uz articles",
                  source_.name.c_str(), version_.base->articles().size());
}

void KnowledgeShelf::takeBad(BadKnowledge bad) {
    const bool isNew = !bad_ || !(bad_->stamp == bad.stamp) || bad_->faults != bad.faults;
    bad_ = std::move(bad);
    badUntil_ = monotonicNow() + kTryAgain;
    if (!isNew) {
        return;
    }
    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "edgerun: the knowledge base \"%s\" cannot be read anew; the last good one stays "
                  "in use",
                  source_.name.c_str());
    for (std::size_t i = 0; i < std::min(bad_->faults.size(), kMostLogged); i++) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "edgerun: %s", bad_->faults[i].c_str());
    }
}

void KnowledgeShelf::adopt(KnowledgeVersion version) {
    bad_.reset();
    discard_.take(std::exchange(version_, std::move(version)).base);
}

void KnowledgeShelf::tellWaiting() noexcept {
    for (KnowledgeListener* listener : waiting_) {
        told_.push_back(listener);
        listener->onKnowledge();
    }
    waiting_.clear();
}

void KnowledgeShelf::readForLate() {
    if (late_.empty()) {
        return;
    }
    std::swap(waiting_, late_);
    const auto stamp = newestStamp(source_);
    if (!stamp || *stamp == version_.stamp) {
        return tellWaiting();
    }
    wanted_ = *stamp;
    if (!begin()) {
        tellWaiting();
    }
}

}  // namespace edgerun::engine
