#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "world.h"

namespace emulator {

struct Options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    std::string logFile;
    std::string certificateFile;
    std::string keyFile;
    Settings settings;
};

// Reads the command line; on a mistake it tells stderr and returns nothing.
std::optional<Options> readOptions(int count, char** words);

}  // namespace emulator
