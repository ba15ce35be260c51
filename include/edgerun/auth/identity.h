#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edgerun/auth/owner.h"

namespace edgerun::auth {

/// Who a verified credential says the caller is.
struct Identity {
    std::string user;  ///< never empty; no control characters
    std::vector<std::string> roles;
    std::vector<std::string> modules;  ///< feature entitlements
    OwnerKey owner{};                  ///< ownerKeyOf(user)
};

/// Lists as the variables $edgerun_role and $edgerun_modules show them:
/// elements joined by commas.
std::string joinList(const std::vector<std::string>& list);

/// Does the identity hold any of the roles? Whole elements, exact bytes.
bool hasAnyRole(const Identity& identity, const std::vector<std::string>& required);

/// The first required module that the identity lacks, or empty.
std::string_view firstMissingModule(const Identity& identity,
                                    const std::vector<std::string>& required);

}  // namespace edgerun::auth
