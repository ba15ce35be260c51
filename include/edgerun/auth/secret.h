#pragma once

#include <string>
#include <string_view>
#include <variant>

namespace edgerun::auth {

/// How the operator wrote a secret: env:NAME, file:PATH, or the thing itself.
struct Secret {
    std::string value;  ///< may be empty (variable unset, file empty)
    bool isLiteral = false;
    std::string warning;  ///< e.g. file readable by others; or empty
};

struct SecretProblem {
    std::string message;  ///< says what is wrong; never part of a secret
};

/// Reads the secret now. An unset variable is an empty value; a file that
/// cannot be read, is not a regular file or is above 64 KiB is a problem. One
/// trailing newline of a file is not part of the secret.
std::variant<Secret, SecretProblem> readSecret(std::string_view spec);

}  // namespace edgerun::auth
