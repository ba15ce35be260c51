#include <sys/resource.h>

#include <cstdio>

#include "options.h"
#include "service.h"

namespace {

// Ten thousand clients may hold a connection each.
void raiseDescriptorLimit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

}  // namespace

int main(int count, char** words) {
    auto options = emulator::readOptions(count, words);
    if (!options) {
        return 2;
    }
    emulator::SslContext tls;
    if (!options->certificateFile.empty()) {
        tls = emulator::makeServerContext(options->certificateFile, options->keyFile);
        if (tls == nullptr) {
            return 1;
        }
    }
    raiseDescriptorLimit();
    emulator::Service service(*options, std::move(tls));
    if (!options->logFile.empty() && !service.openLog(options->logFile)) {
        std::perror("emulator: cannot write the log");
        return 1;
    }
    const unsigned port = service.listenOn(options->host, options->port);
    if (port == 0) {
        std::perror("emulator: cannot listen");
        return 1;
    }
    std::printf("emulator listening on %s:%u\n", options->host.c_str(), port);
    std::fflush(stdout);
    service.run();
    return 0;
}
