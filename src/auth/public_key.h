#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "edgerun/auth/jwk.h"
#include "edgerun/auth/verification_key.h"
#include "openssl.h"

namespace edgerun::auth {

using PublicKey = Owned<EVP_PKEY>;

/// Of RSA. The least for signatures is 2048 (RFC 7518 section 3.3); larger ones cost too much.
inline constexpr int kMaxModulusBits = 8192;

/// A curve as JWKs name it (RFC 7518 section 6.2.1.1, RFC 8037 section 2) and as OpenSSL does.
struct Curve {
    std::string_view name;
    const char* opensslName;
    std::size_t bytes;  ///< of a coordinate, or of an Edwards curve's key
};

/// Null for a curve that is not known.
const Curve* primeCurveNamed(std::string_view name);
const Curve* edwardsCurveNamed(std::string_view name);

/// Keys from their numbers, big-endian. Null for what OpenSSL does not take, such as
/// a point that is not of the curve, and for sizes that are not the curve's or above
/// kMaxModulusBits.
PublicKey makeRsaKey(std::string_view modulus, std::string_view exponent);
PublicKey makeEcKey(const Curve& curve, std::string_view x, std::string_view y);
PublicKey makeEdwardsKey(const Curve& curve, std::string_view x);

/// Keys in DER, which must end where the text does: a SubjectPublicKeyInfo, or the key of
/// a certificate, whose validity and issuer are not looked at. Null for anything else.
PublicKey readSubjectKey(std::string_view der);
PublicKey readCertifiedKey(std::string_view der);

/// Why `key` may not verify tokens, whatever made it; null if it may. A key of a
/// kind or curve that is not known, RSA below 2048 or above 8192 bits, with an even
/// modulus, or an exponent that is even, 1 or above 2^32, RSA keys that a faulty
/// generator made (CVE-2017-15361), and points that are not of the curve.
const char* publicKeyFault(const EVP_PKEY* key);

/// The algorithms that fit the kind and curve of `key`; none if it is not known.
AlgorithmSet algorithmsFor(const EVP_PKEY* key);

/// A key that allows those of `algorithms` that fit `key`; unusable if
/// publicKeyFault() says so or none fits.
std::variant<VerificationKeyPtr, UnusableKey> makePublicKey(PublicKey key, std::string keyId,
                                                            AlgorithmSet algorithms);

}  // namespace edgerun::auth
