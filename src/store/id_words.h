#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "edgerun/store/job_id.h"

/// Words of ids and digests, whose bits are random already, for hash tables.
namespace edgerun::store {

inline std::uint64_t wordAt(const std::uint8_t* bytes) {
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof(word));
    return word;
}

/// Those that stand behind time and node.
inline std::uint64_t randomWordOf(const JobId& id) {
    constexpr std::size_t kRandomBitsAt = 7;
    return wordAt(id.data() + kRandomBitsAt);
}

}  // namespace edgerun::store
