#pragma once

#include <string_view>
#include <variant>

#include "edgerun/auth/claims.h"
#include "edgerun/auth/jws.h"
#include "edgerun/auth/verification_key.h"

namespace edgerun::auth {

/// One token checked by verifyCompact() against `keys`, then its claims read.
/// `now` in Unix seconds; a token outside its validity is a problem.
std::variant<Caller, TokenProblem> verifyToken(std::string_view token, const VerificationKeys& keys,
                                               const TokenPolicy& policy, double now);

}  // namespace edgerun::auth
