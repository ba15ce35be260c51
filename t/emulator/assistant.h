#pragma once

#include <cstdint>
#include <string>

#include "json_text.h"

namespace emulator {

struct Assistant {
    std::string id;
    std::int64_t createdMs = 0;
    JsonRef members;  // as they were given, the newest of each
    bool isDeleted = false;
    std::string json;  // the Assistant object as it is now
};

}  // namespace emulator
