#include "edgerun/auth/jwt_verifier.h"

namespace edgerun::auth {
namespace {

std::variant<Caller, TokenProblem> requireValid(std::variant<Caller, TokenProblem> claims,
                                                double now) {
    const auto* read = std::get_if<Caller>(&claims);
    if (read == nullptr || read->validity.holds(now)) {
        return claims;
    }
    return now < read->validity.notBefore ? TokenProblem::NotYetValid : TokenProblem::Expired;
}

}  // namespace

std::variant<Caller, TokenProblem> verifyToken(std::string_view token, const VerificationKeys& keys,
                                               const TokenPolicy& policy, double now) {
    const auto payload = verifyCompact(token, keys, policy.algorithms);
    if (const auto* problem = std::get_if<TokenProblem>(&payload)) {
        return *problem;
    }
    return requireValid(readClaims(std::get<std::string>(payload), policy), now);
}

}  // namespace edgerun::auth
