#include "edgerun/engine/stable_hash.h"

#include <cstring>

#include "edgerun/auth/owner.h"

namespace edgerun::engine {

std::uint64_t stableHash(std::string_view text) {
    const auth::OwnerKey digest = auth::ownerKeyOf(text);
    std::uint64_t hash = 0;
    std::memcpy(&hash, digest.data(), sizeof(hash));
    return hash;
}

}  // namespace edgerun::engine
