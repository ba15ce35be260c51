#include "timers.h"

#include <utility>

namespace emulator {

void Timers::at(std::int64_t dueMs, Action action) {
    entries_.push({dueMs, order_++, std::move(action)});
}

void Timers::runDue(std::int64_t nowMs) {
    while (!entries_.empty() && entries_.top().dueMs <= nowMs) {
        const Action action = entries_.top().action;
        entries_.pop();
        action();
    }
}

std::optional<std::int64_t> Timers::nextDueMs() const {
    if (entries_.empty()) {
        return std::nullopt;
    }
    return entries_.top().dueMs;
}

}  // namespace emulator
