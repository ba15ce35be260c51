#pragma once

#ifdef EDGERUN_CRASH_POINTS

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <string_view>

namespace edgerun::store {

/// Tests only: the process kills itself at this passage of a crash point, the
/// first being 1; 0 is never. Counts down.
inline std::uint64_t passagesUntilCrash = 0;

/// Tests only: a file whose first line names the crash point at which one
/// process kills itself, or, behind "stop ", stops until it is told to go on;
/// null for none. It takes the file with it.
inline const char* crashFile = nullptr;

/// 0: none.
inline int signalDueAt(std::string_view name) {
    const int fd = ::open(crashFile, O_RDONLY | O_CLOEXEC);
    if (fd == -1) {
        return 0;
    }
    char bytes[128];
    const ssize_t length = ::read(fd, bytes, sizeof(bytes));
    ::close(fd);
    const std::string_view text(bytes, length > 0 ? static_cast<std::size_t>(length) : 0);
    const std::string_view line = text.substr(0, text.find('\n'));
    constexpr std::string_view kStop = "stop ";
    const bool stops = line.substr(0, kStop.size()) == kStop;
    const bool isHere = line.substr(stops ? kStop.size() : 0) == name;
    // Of several processes only one removes it.
    return !isHere || ::unlink(crashFile) != 0 ? 0 : stops ? SIGSTOP : SIGKILL;
}

inline void passCrashPoint(std::string_view name) {
    if (passagesUntilCrash != 0 && --passagesUntilCrash == 0) {
        std::raise(SIGKILL);
    }
    const int signal = crashFile != nullptr ? signalDueAt(name) : 0;
    if (signal != 0) {
        std::raise(signal);
    }
}

}  // namespace edgerun::store

/// A place between two stores at which a worker may die.
#define EDGERUN_CRASH_POINT(name) ::edgerun::store::passCrashPoint(#name)

#else

#define EDGERUN_CRASH_POINT(name) static_cast<void>(0)

#endif
