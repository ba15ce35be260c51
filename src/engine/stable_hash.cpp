#include "edgerun/engine/stable_hash.h"

#include <cstring>

#include "edgerun/auth/sha256.h"

namespace edgerun::engine {

std::uint64_t stableHash(std::string_view text) {
    const auth::Digest digest = auth::digestOf(text);
    std::uint64_t hash = 0;
    std::memcpy(&hash, digest.data(), sizeof(hash));
    return hash;
}

}  // namespace edgerun::engine
