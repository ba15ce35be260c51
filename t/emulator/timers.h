#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

namespace emulator {

// What is to be done later, in order of time; equal times keep the order of their request.
class Timers {
public:
    using Action = std::function<void()>;

    void at(std::int64_t dueMs, Action action);
    void runDue(std::int64_t nowMs);
    std::optional<std::int64_t> nextDueMs() const;

private:
    struct Entry {
        std::int64_t dueMs;
        std::uint64_t order;
        Action action;
    };
    struct IsLater {
        bool operator()(const Entry& a, const Entry& b) const {
            return a.dueMs != b.dueMs ? a.dueMs > b.dueMs : a.order > b.order;
        }
    };

    std::priority_queue<Entry, std::vector<Entry>, IsLater> entries_;
    std::uint64_t order_ = 0;
};

}  // namespace emulator
