#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include <memory>
#include <string_view>

namespace edgerun::auth {

struct OpensslRelease {
    void operator()(BIGNUM* number) const noexcept { BN_free(number); }
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
    void operator()(EVP_MAC* mac) const noexcept { EVP_MAC_free(mac); }
    void operator()(EVP_MAC_CTX* context) const noexcept { EVP_MAC_CTX_free(context); }
    void operator()(EVP_MD* digest) const noexcept { EVP_MD_free(digest); }
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
    void operator()(OSSL_PARAM* parameters) const noexcept { OSSL_PARAM_free(parameters); }
    void operator()(OSSL_PARAM_BLD* builder) const noexcept { OSSL_PARAM_BLD_free(builder); }
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};

/// What OpenSSL has made for us.
template <typename T>
using Owned = std::unique_ptr<T, OpensslRelease>;

/// Leaves OpenSSL's error queue empty at the end of a scope. Clearing takes as long as hashing a
/// key: what requests wait for clears after failures only.
struct ErrorQueueGuard {
    ErrorQueueGuard() = default;
    ~ErrorQueueGuard() { ERR_clear_error(); }
    ErrorQueueGuard(const ErrorQueueGuard&) = delete;
    ErrorQueueGuard& operator=(const ErrorQueueGuard&) = delete;
};

inline const unsigned char* bytesOf(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace edgerun::auth
