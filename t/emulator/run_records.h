#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "world.h"

namespace emulator {

// Runs, completions and whatever else works for a while, as /_emulator/runs shows them: a JSON
// array, oldest first.
std::string renderRecords(World& world, std::int64_t nowMs);

struct RecordCount {
    std::size_t all = 0;
    std::size_t active = 0;
};
RecordCount countRecords(World& world, std::int64_t nowMs);

// What works comes to its end now: the one that was planned, or the tools that it asks for.
void finishRecords(World& world, std::int64_t nowMs);

}  // namespace emulator
