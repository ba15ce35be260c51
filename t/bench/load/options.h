#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>

#include "endpoint.h"

namespace jobload {

/// Everything that the command line can say; each sub-command uses its part.
struct Options {
    std::optional<Endpoint> url;       ///< --url: the jobs location, or any URL for poll
    std::optional<Endpoint> emulator;  ///< --emulator: the provider emulator
    std::string credential;            ///< --token-file, --key-file: a header line
    std::string idsFile;               ///< --ids: read by poll and accept, written by submit
    pid_t worker = 0;                  ///< --worker: the NGINX worker to account for
    std::size_t connections = 64;
    std::size_t count = 5000;  ///< --count: jobs; clients that wait
    double seconds = 5;        ///< --seconds: length of a poll; of what watch observes
    double rate = 0;           ///< --rate: polls/s, 0 is a closed loop (accept: none)
    double ramp = 12;          ///< --ramp: seconds over which flight submits
    double duration = 20000;   ///< --duration: of a run, ms
    double jitter = 0;         ///< --jitter: of a run's duration, ms either side, uniform
    double settle = 60;        ///< --settle: seconds to wait for the last job
    std::size_t rounds = 0;    ///< --rounds: of two tool calls each that a flight's runs ask for
};

/// Reads argv from the word after the sub-command; prints what is wrong and returns nullopt.
std::optional<Options> parseOptions(int argc, char** argv);

/// One line for each option.
const char* optionsHelp();

}  // namespace jobload
