#pragma once

#include <jansson.h>

#include <string>
#include <variant>

#include "edgerun/auth/verification_key.h"

namespace edgerun::auth {

/// A key for something else than checking signatures, or of a kind that is not known.
struct UnusableKey {
    std::string reason;      ///< goes on from "the key ..."; never a part of a secret
    bool isForeign = false;  ///< a good key, but not for signatures ("use", "key_ops")
};

/// One JWK (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2): kty RSA (2048 to 8192
/// bits, e odd, above 1 and at most 2^32), EC (P-256, P-384, P-521, a point of the curve), OKP
/// (Ed25519, Ed448), oct (a secret, as makeHmacKey() takes it). "alg" pins the key to one
/// algorithm, which must fit kty and crv; without it the key allows all that fit. "use" and
/// "key_ops" are honoured. x5c, x5u and the like are never read, private members never used.
std::variant<VerificationKeyPtr, UnusableKey> readJwk(const json_t* jwk);

}  // namespace edgerun::auth
