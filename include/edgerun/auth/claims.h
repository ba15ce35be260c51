#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "edgerun/auth/algorithm.h"
#include "edgerun/auth/caller.h"
#include "edgerun/auth/token_problem.h"

namespace edgerun::auth {

/// A claim's place: names from the outermost object inwards. A claim of the whole dotted name in
/// the outermost object comes first ("https://example.com/roles").
using ClaimPath = std::vector<std::string>;

/// "role" or "realm_access.roles"; nullopt for empty parts.
std::optional<ClaimPath> parseClaimPath(std::string_view dotted);

/// Which claims say who the caller is (edgerun_auth_jwt_claims).
struct ClaimMap {
    ClaimPath user{"sub"};
    ClaimPath role{"role"};
    ClaimPath modules{"assignedModules"};
    ClaimPath limit{"simRateLimit"};

    bool operator==(const ClaimMap& other) const {
        return user == other.user && role == other.role && modules == other.modules &&
               limit == other.limit;
    }
};

/// What one location demands of a token, its keys aside.
struct TokenPolicy {
    AlgorithmSet algorithms = AlgorithmSet::all();
    std::vector<std::string> issuers;    ///< "iss" must be one of them; none: any
    std::vector<std::string> audiences;  ///< "aud" must name one of them; none: any
    double leeway = 0;                   ///< seconds of clock skew allowed to exp and nbf
    ClaimMap claims;

    bool operator==(const TokenPolicy& other) const {
        return algorithms == other.algorithms && issuers == other.issuers &&
               audiences == other.audiences && leeway == other.leeway && claims == other.claims;
    }
};

/// Reads a verified payload: exp and nbf (widened by the leeway), iss, aud and the mapped claims;
/// whether they hold now is the caller's question. Roles and modules are a string (addSeparated) or
/// an array of strings (addElement); absent, null and empty strings mean none. The limit is an
/// integer from 0, or one in decimal digits; absent or null means none. Refuses exp or nbf that is
/// not a finite number in 0..2^53, an iat that is not a number, iss and aud that do not equal what
/// is demanded (exact bytes; aud is a string or an array of strings), a user that is not
/// isUserName(), and entitlements of other kinds.
std::variant<Caller, TokenProblem> readClaims(std::string_view payload, const TokenPolicy& policy);

/// A top-level claim of a verified payload as a variable shows it: strings as they are, numbers and
/// booleans as JSON, arrays of those joined by commas, objects as JSON. Letters of the name may be
/// of either case, for NGINX makes those of its variables small. Empty for absent and null, for
/// names that differ in case only, for anything with control characters, and for arrays whose
/// joined text would not tell their elements: one with a comma or blanks around it, null, an array
/// or an object.
std::string claimText(std::string_view payload, std::string_view name);

}  // namespace edgerun::auth
