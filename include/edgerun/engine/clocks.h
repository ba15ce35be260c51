#pragma once

#include <time.h>

#include <cstdint>

#include "edgerun/loop/ngx.h"

namespace edgerun::engine {

/// Milliseconds that never go back, equal in all processes of the machine;
/// taken once in each turn of the loop.
inline std::uint64_t monotonicNow() {
    return ngx_current_msec;
}

/// The clock of fetches of keys, in ms: read at each call. By NGINX's, a fetch could seem to have
/// begun after a question that it does not answer.
inline std::uint64_t fetchNow() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000 +
           static_cast<std::uint64_t>(time.tv_nsec) / 1'000'000;
}

/// Unix milliseconds, for display.
inline std::int64_t wallNow() {
    const ngx_time_t* time = ngx_timeofday();
    return static_cast<std::int64_t>(time->sec) * 1000 + static_cast<std::int64_t>(time->msec);
}

}  // namespace edgerun::engine
