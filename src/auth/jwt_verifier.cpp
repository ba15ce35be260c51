#include "edgerun/auth/jwt_verifier.h"

namespace edgerun::auth {
namespace {

std::variant<Claims, TokenProblem> requireValid(std::variant<Claims, TokenProblem> claims,
                                                double now) {
    const auto* read = std::get_if<Claims>(&claims);
    if (read == nullptr || read->validity.holds(now)) {
        return claims;
    }
    return now < read->validity.notBefore ? TokenProblem::NotYetValid : TokenProblem::Expired;
}

}  // namespace

std::variant<Claims, TokenProblem> verifyToken(std::string_view token, const VerificationKeys& keys,
                                               const ClaimMap& map, double now) {
    const auto payload = verifyCompact(token, keys);
    if (const auto* problem = std::get_if<TokenProblem>(&payload)) {
        return *problem;
    }
    return requireValid(readClaims(std::get<std::string>(payload), map), now);
}

}  // namespace edgerun::auth
