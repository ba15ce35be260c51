#include "edgerun/engine/provider.h"

#include <cstring>

#include "edgerun/auth/owner.h"

namespace edgerun::engine {

std::uint64_t providerKeyOf(std::string_view name) {
    const auth::OwnerKey digest = auth::ownerKeyOf(name);
    std::uint64_t key = 0;
    std::memcpy(&key, digest.data(), sizeof(key));
    return key;
}

}  // namespace edgerun::engine
