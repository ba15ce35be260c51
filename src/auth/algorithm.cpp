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
    }
    return "";
}

std::optional<Algorithm> algorithmNamed(std::string_view name) {
    for (const Algorithm algorithm : {Algorithm::HS256, Algorithm::HS384, Algorithm::HS512}) {
        if (name == nameOf(algorithm)) {
            return algorithm;
        }
    }
    return std::nullopt;
}

}  // namespace edgerun::auth
