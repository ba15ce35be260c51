#pragma once

#include <chrono>
#include <cstdint>

namespace emulator {

// Unix milliseconds on a clock that never steps back, so that all times of one process compare.
inline std::int64_t nowMs() {
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    static const auto kOffset = std::chrono::system_clock::now().time_since_epoch() -
                                std::chrono::steady_clock::now().time_since_epoch();
    const auto now = std::chrono::steady_clock::now().time_since_epoch() + kOffset;
    return duration_cast<milliseconds>(now).count();
}

}  // namespace emulator
