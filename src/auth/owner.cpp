#include "edgerun/auth/owner.h"

#include <algorithm>
#include <stdexcept>

#include "edgerun/auth/sha256.h"

namespace edgerun::auth {

OwnerKey ownerKeyOf(std::string_view user) {
    const auto digest = sha256Of(user);
    if (!digest) {
        // Any value returned here would make strangers the same owner.
        throw std::runtime_error("SHA-256 is not available");
    }
    OwnerKey owner;
    std::copy_n(digest->begin(), owner.size(), owner.begin());
    return owner;
}

}  // namespace edgerun::auth
