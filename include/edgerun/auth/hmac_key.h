#pragma once

#include <string>
#include <string_view>

#include "edgerun/auth/verification_key.h"

namespace edgerun::auth {

/// Why the secret may not verify tokens, for the operator, without any part of it; null if it may.
/// Refused: less than 32 bytes, and a public key or certificate as PEM, DER or JWK, since such a
/// secret lets anybody sign.
const char* hmacSecretFault(std::string_view secret);

/// A secret of at least 32 bytes; null for one with a fault, or if OpenSSL refuses. It allows those
/// of `algorithms` for which it is long enough: HS256, from 48 bytes HS384 too, from 64 bytes HS512
/// too (RFC 7518 section 3.2: a key of the hash's size or larger); null if that leaves none.
VerificationKeyPtr makeHmacKey(std::string_view secret, std::string keyId = {},
                               AlgorithmSet algorithms = AlgorithmSet::all());

}  // namespace edgerun::auth
