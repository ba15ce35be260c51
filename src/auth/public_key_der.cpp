#include <openssl/x509.h>

#include "public_key.h"

namespace edgerun::auth {
namespace {

struct CertificateRelease {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};

}  // namespace

PublicKey readSubjectKey(std::string_view der) {
    const ErrorQueueGuard guard;
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const auto* end = at + der.size();
    PublicKey key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
    return at == end ? std::move(key) : nullptr;
}

PublicKey readCertifiedKey(std::string_view der) {
    const ErrorQueueGuard guard;
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const auto* end = at + der.size();
    const std::unique_ptr<X509, CertificateRelease> certificate(
        d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    return certificate && at == end ? PublicKey(X509_get_pubkey(certificate.get())) : nullptr;
}

}  // namespace edgerun::auth
