#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "edgerun/auth/identity.h"
#include "edgerun/auth/token_problem.h"

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

/// Reads a verified payload: exp, nbf and the mapped claims; whether they hold
/// now is the caller's question. Roles and modules are a string (one element) or
/// an array of strings; absent, null and empty strings mean none. Refuses exp or
/// nbf that is not a finite number in 0..2^53, an iat that is not a number, a
/// user that is not a string of 1 to 256 bytes without
/// blanks around it, more than 256 elements, elements
/// above 256 bytes, and control characters (C0, DEL, C1) in any of them.
std::variant<Claims, TokenProblem> readClaims(std::string_view payload, const ClaimMap& map);

}  // namespace edgerun::auth
