#include "edgerun/engine/job_changes.h"

#include <algorithm>
#include <utility>

namespace edgerun::engine {

namespace {

constexpr std::size_t kToldPerTurn = 500;

}  // namespace

JobChanges::JobChanges(const store::JobArena& arena, const loop::SharedWakeUp& wakeUp)
    : arena_(arena), look_(onLook, this), wakeUp_(wakeUp, onWakeUp, this) {}

/// A change since `watch` was taken has given its signal, which is still on its way.
void JobChanges::await(ChangeWaiter& waiter, const store::JobWatch& watch) {
    waiting_.push_back({&waiter, watch});
    try {
        makeRoom();
    } catch (...) {
        waiting_.pop_back();
        throw;
    }
    waiter.list_ = ChangeWaiter::List::Waiting;
    waiter.place_ = waiting_.size() - 1;
}

/// So that looking takes no memory.
void JobChanges::makeRoom() {
    const std::size_t needed = changed_.size() + waiting_.size();
    if (changed_.capacity() < needed) {
        changed_.reserve(2 * needed);
    }
}

void JobChanges::forget(ChangeWaiter& waiter) noexcept {
    switch (std::exchange(waiter.list_, ChangeWaiter::List::None)) {
        case ChangeWaiter::List::None:
            return;
        case ChangeWaiter::List::Waiting:
            keep(waiter.place_, waiting_.back());
            waiting_.pop_back();
            return;
        case ChangeWaiter::List::Changed:
            changed_[waiter.place_] = nullptr;
            return;
    }
}

void JobChanges::onWakeUp(void* self) noexcept {
    static_cast<JobChanges*>(self)->look_.post();
}

void JobChanges::onLook(void* self) noexcept {
    static_cast<JobChanges*>(self)->look();
}

void JobChanges::look() noexcept {
    std::size_t kept = 0;
    for (const Waiting& waiting : waiting_) {
        if (arena_.hasChanged(waiting.watch)) {
            waiting.waiter->list_ = ChangeWaiter::List::Changed;
            waiting.waiter->place_ = changed_.size();
            changed_.push_back(waiting.waiter);
        } else {
            keep(kept++, waiting);
        }
    }
    waiting_.resize(kept);
    tell();
}

void JobChanges::keep(std::size_t place, const Waiting& waiting) noexcept {
    waiting_[place] = waiting;
    waiting.waiter->place_ = place;
}

/// Who is told may forget others, and await anew. A crowd is told in several turns of the loop.
void JobChanges::tell() noexcept {
    const std::size_t end = std::min(changed_.size(), told_ + kToldPerTurn);
    for (; told_ < end; told_++) {
        ChangeWaiter* waiter = changed_[told_];
        if (waiter != nullptr) {
            waiter->list_ = ChangeWaiter::List::None;
            waiter->onChange();
        }
    }
    if (told_ < changed_.size()) {
        look_.postNext();
        return;
    }
    changed_.clear();
    told_ = 0;
}

}  // namespace edgerun::engine
