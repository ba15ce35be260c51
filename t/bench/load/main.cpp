#include <cstdio>
#include <exception>
#include <string_view>

#include "commands.h"

namespace {

struct Command {
    std::string_view name;
    int (*run)(const jobload::Options&);
    const char* help;
};

constexpr Command kCommands[] = {
    {"poll", jobload::runPoll, "GET again and again: requests/s, latency"},
    {"submit", jobload::runSubmit, "a burst of jobs: accepted/s, and whether all end"},
    {"accept", jobload::runAccept, "jobs in a closed loop, with polls of others meanwhile"},
    {"watch", jobload::runWatch, "many clients wait for one job: cost, time until all know"},
    {"await", jobload::runAwait, "many clients wait, each for the job it submits"},
    {"flight", jobload::runFlight, "many jobs at once: completion delay, memory, CPU"},
};

int usage() {
    std::fprintf(stderr, "Usage: jobload COMMAND OPTION VALUE...\n");
    for (const auto& command : kCommands) {
        std::fprintf(stderr, "  %-18s %s\n", command.name.data(), command.help);
    }
    std::fputs(jobload::optionsHelp(), stderr);
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    std::string_view name = argc > 1 ? argv[1] : "";
    for (const auto& command : kCommands) {
        if (command.name != name) {
            continue;
        }
        auto options = jobload::parseOptions(argc - 2, argv + 2);
        try {
            return options ? command.run(*options) : usage();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "jobload %s: %s\n", argv[1], error.what());
            return 1;
        }
    }
    return usage();
}
