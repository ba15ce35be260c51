#include "public_key.h"

namespace edgerun::auth {

PublicKey readSubjectKey(std::string_view der) {
    const ErrorQueueGuard guard;
    const auto* at = bytesOf(der);
    const auto* end = at + der.size();
    PublicKey key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
    return at == end ? std::move(key) : nullptr;
}

PublicKey readCertifiedKey(std::string_view der) {
    const ErrorQueueGuard guard;
    const auto* at = bytesOf(der);
    const auto* end = at + der.size();
    const Owned<X509> certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    return certificate && at == end ? PublicKey(X509_get_pubkey(certificate.get())) : nullptr;
}

}  // namespace edgerun::auth
