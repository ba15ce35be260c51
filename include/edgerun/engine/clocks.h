#pragma once

#include <cstdint>

#include "edgerun/loop/ngx.h"

namespace edgerun::engine {

/// Milliseconds that never go back, equal in all processes of the machine;
/// taken once in each turn of the loop.
inline std::uint64_t monotonicNow() {
    return ngx_current_msec;
}

/// Unix milliseconds, for display.
inline std::int64_t wallNow() {
    const ngx_time_t* time = ngx_timeofday();
    return static_cast<std::int64_t>(time->sec) * 1000 + static_cast<std::int64_t>(time->msec);
}

}  // namespace edgerun::engine
