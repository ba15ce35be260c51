#include "process_usage.h"

#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

namespace jobload {

namespace {

double cpuSeconds(const std::string& directory) {
    std::ifstream file(directory + "/stat");
    std::string text;
    std::getline(file, text);
    // The second field is the program's name in parentheses and may hold anything, also spaces.
    auto nameEnd = text.rfind(')');
    if (nameEnd == std::string::npos) {
        return 0;
    }
    constexpr int kFieldsBeforeUtime = 11;
    std::istringstream fields(text.substr(nameEnd + 1));
    std::string skipped;
    for (int i = 0; i < kFieldsBeforeUtime; ++i) {
        fields >> skipped;
    }
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

ProcessUsage processUsage(pid_t pid) {
    auto directory = "/proc/" + std::to_string(pid);
    ProcessUsage usage;
    usage.cpuSeconds = cpuSeconds(directory);
    std::ifstream status(directory + "/status");
    for (std::string line; std::getline(status, line);) {
        long long kib = 0;
        if (std::sscanf(line.c_str(), "RssAnon: %lld", &kib) == 1) {
            usage.privateKib = kib;
        } else if (std::sscanf(line.c_str(), "RssShmem: %lld", &kib) == 1) {
            usage.sharedKib = kib;
        }
    }
    return usage;
}

double exactCpuSeconds(pid_t pid) {
    clockid_t clock{};
    timespec time{};
    if (pid == 0 || clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) {
        return 0;
    }
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace jobload
