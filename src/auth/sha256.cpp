#include "edgerun/auth/sha256.h"

#include <algorithm>
#include <stdexcept>

#include "openssl.h"

namespace edgerun::auth {
namespace {

/// Fetched once: OpenSSL 3 looks EVP_sha256() up again for each use, which costs
/// more than hashing a key.
const EVP_MD* method() {
    static const Owned<EVP_MD> fetched(EVP_MD_fetch(nullptr, "SHA256", nullptr));
    return fetched.get();
}

}  // namespace

std::optional<Sha256> sha256Of(std::string_view bytes) {
    Sha256 digest;
    if (method() == nullptr ||
        EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, method(), nullptr) != 1) {
        ERR_clear_error();
        return std::nullopt;
    }
    return digest;
}

Digest digestOf(std::string_view bytes) {
    const auto whole = sha256Of(bytes);
    if (!whole) {
        throw std::runtime_error("SHA-256 is not available");
    }
    Digest digest;
    std::copy_n(whole->begin(), digest.size(), digest.begin());
    return digest;
}

}  // namespace edgerun::auth
