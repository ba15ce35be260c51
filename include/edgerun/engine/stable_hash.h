#pragma once

#include <cstdint>
#include <string_view>

namespace edgerun::engine {

/// 64 bits of SHA-256: the same in every process and after every restart.
std::uint64_t stableHash(std::string_view text);

}  // namespace edgerun::engine
