#include "edgerun/auth/algorithm.h"

namespace edgerun::auth {

const char* nameOf(Algorithm algorithm) {
    switch (algorithm) {
        case Algorithm::HS256:
            return "HS256";
        case Algorithm::HS384:
            return "HS384";
        case Algorithm::HS512:
            return "HS512";
        case Algorithm::RS256:
            return "RS256";
        case Algorithm::RS384:
            return "RS384";
        case Algorithm::RS512:
            return "RS512";
        case Algorithm::PS256:
            return "PS256";
        case Algorithm::PS384:
            return "PS384";
        case Algorithm::PS512:
            return "PS512";
        case Algorithm::ES256:
            return "ES256";
        case Algorithm::ES384:
            return "ES384";
        case Algorithm::ES512:
            return "ES512";
        case Algorithm::EdDSA:
            return "EdDSA";
    }
    return "";
}

std::optional<Algorithm> algorithmNamed(std::string_view name) {
    for (auto i = static_cast<unsigned>(Algorithm::HS256);
         i <= static_cast<unsigned>(Algorithm::EdDSA); ++i) {
        const auto algorithm = static_cast<Algorithm>(i);
        if (name == nameOf(algorithm)) {
            return algorithm;
        }
    }
    return std::nullopt;
}

}  // namespace edgerun::auth
