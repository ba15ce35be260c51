#pragma once

namespace edgerun::auth {

/// What is wrong with a token, for the operator's log only.
enum class TokenProblem {
    Malformed,  ///< not a compact JWS of three strict base64url parts
    TooLarge,
    BadHeader,       ///< no JSON object, or its typ, kid, crit or b64 is not acceptable
    WrongAlgorithm,  ///< none, absent, unknown, or not the key's
    UnknownKey,      ///< names a key that none of ours is
    BadSignature,
    BadClaims,  ///< payload is no object, or exp, nbf or iat not usable
    Expired,
    NotYetValid,
    WrongIssuer,
    WrongAudience,
    NoUser,           ///< no user claim, or not a usable string
    BadEntitlements,  ///< role, modules or limit of a wrong kind
};

/// A short English phrase without any part of the token.
const char* describe(TokenProblem problem);

}  // namespace edgerun::auth
