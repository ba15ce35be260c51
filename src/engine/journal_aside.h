#pragma once

#include <cstdint>

namespace edgerun::engine {

/// Jobs that an instance's zone cannot take are set aside, as the files of an instance that nobody
/// is: the next life finds them.
inline std::uint64_t asideOf(std::uint64_t instance) {
    return ~instance;
}

}  // namespace edgerun::engine
