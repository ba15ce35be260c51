#pragma once

#include <chrono>
#include <cstdint>

namespace jobload {

/// Monotonic nanoseconds; every deadline and latency in this tool is one of these.
using Nanos = std::int64_t;

constexpr Nanos kMicrosecond = 1000;
constexpr Nanos kMillisecond = 1000 * kMicrosecond;
constexpr Nanos kSecond = 1000 * kMillisecond;

inline Nanos now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

inline Nanos seconds(double value) {
    return static_cast<Nanos>(value * kSecond);
}

inline double asSeconds(Nanos value) {
    return static_cast<double>(value) / kSecond;
}

}  // namespace jobload
