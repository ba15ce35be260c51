#include "edgerun/engine/job_changes.h"

#include <algorithm>

namespace edgerun::engine {

JobChanges::JobChanges(const store::JobArena& arena, const loop::SharedWakeUp& wakeUp)
    : arena_(arena), look_(onLook, this), wakeUp_(wakeUp, onWakeUp, this) {}

void JobChanges::await(ChangeWaiter& waiter, const store::JobWatch& watch) {
    waiting_.push_back({&waiter, watch});
    try {
        changed_.reserve(waiting_.capacity());
    } catch (...) {
        waiting_.pop_back();
        throw;
    }
    look_.post();  // it may have changed before it was awaited
}

void JobChanges::forget(ChangeWaiter& waiter) noexcept {
    const auto isIt = [&](const Waiting& waiting) { return waiting.waiter == &waiter; };
    waiting_.erase(std::remove_if(waiting_.begin(), waiting_.end(), isIt), waiting_.end());
    std::replace(changed_.begin(), changed_.end(), &waiter, static_cast<ChangeWaiter*>(nullptr));
}

void JobChanges::onWakeUp(void* self) noexcept {
    static_cast<JobChanges*>(self)->look_.post();
}

void JobChanges::onLook(void* self) noexcept {
    static_cast<JobChanges*>(self)->look();
}

void JobChanges::look() noexcept {
    auto kept = waiting_.begin();
    for (const Waiting& waiting : waiting_) {
        if (arena_.hasChanged(waiting.watch)) {
            changed_.push_back(waiting.waiter);
        } else {
            *kept++ = waiting;
        }
    }
    waiting_.erase(kept, waiting_.end());
    tell();
}

/// Who is told may forget others, and await anew.
void JobChanges::tell() noexcept {
    for (std::size_t i = 0; i < changed_.size(); i++) {
        ChangeWaiter* waiter = changed_[i];
        changed_[i] = nullptr;
        if (waiter != nullptr) {
            waiter->onChange();
        }
    }
    changed_.clear();
}

}  // namespace edgerun::engine
