#include "edgerun/auth/owner.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <stdexcept>

namespace edgerun::auth {

OwnerKey ownerKeyOf(std::string_view user) {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest;
    if (EVP_Digest(user.data(), user.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
        ERR_clear_error();
        // Any value returned here would make strangers the same owner.
        throw std::runtime_error("SHA-256 is not available");
    }
    OwnerKey owner;
    std::copy_n(digest.begin(), owner.size(), owner.begin());
    return owner;
}

}  // namespace edgerun::auth
