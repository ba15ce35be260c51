#pragma once

#include <string>

#include "edgerun/auth/identity.h"

namespace edgerun::auth {

/// When a credential counts, in Unix seconds (RFC 7519 section 4.1.4 and 4.1.5).
struct Validity {
    double expires = 0;
    double notBefore = 0;

    /// Counts from notBefore, inclusive, to expires, exclusive.
    bool holds(double now) const { return now >= notBefore && now < expires; }
};

/// What the user directory (edgerun_users) says.
enum class Standing {
    Good,      ///< or there is no directory
    Unknown,   ///< it does not list the user
    Disabled,  ///< it lists the user as disabled
};

/// Whom a verified credential stands for.
struct Caller {
    Identity identity;
    Validity validity;
    std::string payload;  ///< the JWT's, JSON; empty for other credentials
    Standing standing = Standing::Good;
};

}  // namespace edgerun::auth
