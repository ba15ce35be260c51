#pragma once

#include <time.h>

#include <cstdint>

#include "edgerun/store/journal_record.h"

namespace edgerun::engine {

/// Both clocks, read now. NGINX's own times stand still while a thread works, and are the event
/// loop's.
inline store::JournalTime readClocks() {
    timespec monotonic{};
    timespec wall{};
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    clock_gettime(CLOCK_REALTIME, &wall);
    return {static_cast<std::uint64_t>(monotonic.tv_sec) * 1'000 +
                static_cast<std::uint64_t>(monotonic.tv_nsec) / 1'000'000,
            static_cast<std::int64_t>(wall.tv_sec) * 1'000 + wall.tv_nsec / 1'000'000};
}

}  // namespace edgerun::engine
