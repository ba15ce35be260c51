#include "options.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string_view>

namespace jobload {

namespace {

struct Option {
    std::string_view name;
    std::function<bool(Options&, const std::string&)> read;
};

template <typename Number>
auto number(Number Options::*member) {
    return [member](Options& options, const std::string& text) {
        char* end = nullptr;
        double value = std::strtod(text.c_str(), &end);
        options.*member = static_cast<Number>(value);
        return end != text.c_str() && *end == '\0' && value >= 0;
    };
}

auto endpoint(std::optional<Endpoint> Options::*member) {
    return [member](Options& options, const std::string& text) {
        options.*member = parseEndpoint(text);
        return (options.*member).has_value();
    };
}

/// A file's first word, in a header of this beginning.
auto credential(const char* header) {
    return [header](Options& options, const std::string& path) {
        std::ifstream file(path);
        std::string word;
        options.credential = header;
        return file >> word && !options.credential.append(word).empty();
    };
}

bool setIdsFile(Options& options, const std::string& path) {
    options.idsFile = path;
    return true;
}

const Option kOptions[] = {
    {"--url", endpoint(&Options::url)},
    {"--emulator", endpoint(&Options::emulator)},
    {"--token-file", credential("Authorization: Bearer ")},
    {"--key-file", credential("x-api-key: ")},
    {"--ids", setIdsFile},
    {"--worker", number(&Options::worker)},
    {"--connections", number(&Options::connections)},
    {"--count", number(&Options::count)},
    {"--seconds", number(&Options::seconds)},
    {"--rate", number(&Options::rate)},
    {"--ramp", number(&Options::ramp)},
    {"--duration", number(&Options::duration)},
    {"--jitter", number(&Options::jitter)},
    {"--settle", number(&Options::settle)},
    {"--rounds", number(&Options::rounds)},
};

const Option* find(std::string_view name) {
    for (const auto& option : kOptions) {
        if (option.name == name) {
            return &option;
        }
    }
    return nullptr;
}

}  // namespace

std::optional<Options> parseOptions(int argc, char** argv) {
    Options options;
    for (int i = 0; i < argc; i += 2) {
        const auto* option = find(argv[i]);
        if (option == nullptr || i + 1 == argc || !option->read(options, argv[i + 1])) {
            std::fprintf(stderr, "jobload: %s: unknown, or without a usable value\n", argv[i]);
            return std::nullopt;
        }
    }
    if (!options.url) {
        std::fprintf(stderr, "jobload: --url http://ADDRESS:PORT/PATH is required\n");
        return std::nullopt;
    }
    return options;
}

const char* optionsHelp() {
    return "  --url URL          jobs location (poll: any URL); http://ADDRESS:PORT/PATH\n"
           "  --token-file FILE  bearer token\n"
           "  --key-file FILE    API key, instead\n"
           "  --connections N    keep-alive connections (64)\n"
           "  --worker PID       report this process's CPU seconds and memory\n"
           "  --ids FILE         job ids: read by poll and accept, written by submit\n"
           "  --seconds S        poll: how long; watch: of what it observes (5)\n"
           "  --rate R           poll, flight, accept: polls/s in an open loop; 0: closed loop\n"
           "  --count N          jobs; watch, await: clients (5000)\n"
           "  --duration MS      how long the provider works on a job (20000); not watch\n"
           "  --jitter MS        flight, await: durations are uniform within MS either side (0)\n"
           "  --ramp S           flight: seconds over which jobs are submitted (12)\n"
           "  --settle S         how long to wait for the last job (60)\n"
           "  --rounds N         flight: rounds of tools; a run takes its duration in each leg "
           "(0)\n"
           "  --emulator URL     flight: its root, for the times at which runs ended\n";
}

}  // namespace jobload
