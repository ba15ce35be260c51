#include "sha256.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>

namespace edgerun::auth {
namespace {

struct DigestRelease {
    void operator()(EVP_MD* digest) const noexcept { EVP_MD_free(digest); }
};

/// Fetched once: OpenSSL 3 looks EVP_sha256() up again for each use, which costs
/// more than hashing a key.
const EVP_MD* method() {
    static const std::unique_ptr<EVP_MD, DigestRelease> fetched(
        EVP_MD_fetch(nullptr, "SHA256", nullptr));
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

}  // namespace edgerun::auth
