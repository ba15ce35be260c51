#pragma once

#ifdef EDGERUN_CRASH_POINTS

#include <csignal>
#include <cstdint>

namespace edgerun::store {

/// Tests only: the process kills itself at this passage of a crash point, the
/// first being 1; 0 is never. Counts down.
inline std::uint64_t passagesUntilCrash = 0;

inline void passCrashPoint() {
    if (passagesUntilCrash != 0 && --passagesUntilCrash == 0) {
        std::raise(SIGKILL);
    }
}

}  // namespace edgerun::store

/// A place between two stores at which a worker may die.
#define EDGERUN_CRASH_POINT(name) ::edgerun::store::passCrashPoint()

#else

#define EDGERUN_CRASH_POINT(name) static_cast<void>(0)

#endif
