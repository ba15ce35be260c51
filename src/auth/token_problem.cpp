#include "edgerun/auth/token_problem.h"

namespace edgerun::auth {

const char* describe(TokenProblem problem) {
    switch (problem) {
        case TokenProblem::Malformed:
            return "not a compact JWS";
        case TokenProblem::TooLarge:
            return "token too large";
        case TokenProblem::BadHeader:
            return "header not acceptable";
        case TokenProblem::WrongAlgorithm:
            return "algorithm not allowed by the key";
        case TokenProblem::UnknownKey:
            return "no such key";
        case TokenProblem::BadSignature:
            return "signature does not match";
        case TokenProblem::BadClaims:
            return "claims not usable, or exp missing";
        case TokenProblem::Expired:
            return "token expired";
        case TokenProblem::NotYetValid:
            return "token not valid yet";
        case TokenProblem::WrongIssuer:
            return "another issuer";
        case TokenProblem::WrongAudience:
            return "another audience";
        case TokenProblem::NoUser:
            return "no usable user claim";
        case TokenProblem::BadEntitlements:
            return "role, modules or limit claim not usable";
    }
    return "unknown problem";
}

}  // namespace edgerun::auth
