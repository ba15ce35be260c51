#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "edgerun/auth/verification_key.h"

namespace edgerun::auth {

/// A key of a secret, or why the secret may not verify tokens ("shorter than 32 bytes"), for the
/// operator, without any part of it. Refused: less than 32 bytes, and a public key or certificate
/// as PEM, DER or JWK, since such a secret lets anybody sign. The key allows those of `algorithms`
/// for which the secret is long enough: HS256, from 48 bytes HS384 too, from 64 bytes HS512 too
/// (RFC 7518 section 3.2: a key of the hash's size or larger); refused if that leaves none.
std::variant<VerificationKeyPtr, const char*> makeHmacKey(
    std::string_view secret, std::string keyId = {}, AlgorithmSet algorithms = AlgorithmSet::all());

}  // namespace edgerun::auth
