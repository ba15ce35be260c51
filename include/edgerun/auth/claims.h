#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <jansson.h>

#include "edgerun/auth/identity.h"

namespace edgerun::auth {

/// A claim's place: names from the outermost object inwards.
using ClaimPath = std::vector<std::string>;

/// "role" or "realm_access.roles"; nullopt for empty parts.
std::optional<ClaimPath> parseClaimPath(std::string_view dotted);

/// Which claims say who the caller is (edgerun_auth_jwt_claims).
struct ClaimMap {
    ClaimPath user{"sub"};
    ClaimPath role{"role"};
    ClaimPath modules{"assignedModules"};
};

/// When a token counts, in Unix seconds (RFC 7519 section 4.1.4 and 4.1.5).
struct Validity {
    double expires = 0;    ///< exp; required
    double notBefore = 0;  ///< nbf, 0 if absent

    /// Counts from notBefore, inclusive, to expires, exclusive.
    bool holds(double now) const { return now >= notBefore && now < expires; }
};

struct Claims {
    Identity identity;
    Validity validity;
};

/// What is wrong with a token, for the operator's log only.
enum class TokenProblem {
    Malformed,         ///< not a compact JWS of three strict base64url parts
    TooLarge,
    BadHeader,         ///< JSON, typ or crit not acceptable
    WrongAlgorithm,    ///< none, unknown, or not the key's
    BadSignature,
    BadClaims,         ///< payload is no object, or exp/nbf not usable
    Expired,
    NotYetValid,
    NoUser,            ///< no user claim, or not a usable string
    BadEntitlements,   ///< role or modules of a wrong kind
};

/// A short English phrase without any part of the token.
const char* describe(TokenProblem problem);

/// Reads a verified payload: exp, nbf and the mapped claims. Roles and modules
/// are a string (one element) or an array of strings; absent means none.
/// Refuses exp or nbf that is not a finite number in 0..2^53, more than 256
/// elements, elements above 256 bytes, and control characters anywhere.
std::variant<Claims, TokenProblem> readClaims(std::string_view payload, const ClaimMap& map);

}  // namespace edgerun::auth
