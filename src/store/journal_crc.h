#pragma once

#include <zlib.h>

#include <cstdint>
#include <string_view>

namespace edgerun::store {

/// The CRC-32 by which a journal's headers and records are known to be whole.
inline std::uint32_t crcOf(std::string_view bytes) {
    return static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace edgerun::store
