#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/auth/owner.h"

namespace edgerun::auth {

/// Who a verified credential says the caller is.
struct Identity {
    std::string user;  ///< as isUserName() demands
    std::vector<std::string> roles;
    std::vector<std::string> modules;    ///< feature entitlements
    std::optional<std::uint64_t> limit;  ///< of what a quota counts
    OwnerKey owner{};                    ///< ownerKeyOf(user)
};

/// 1 to 256 bytes of UTF-8, no control characters, no blanks around it.
bool isUserName(std::string_view text);

/// No comma in it and no blanks around it: in a joined list or a header it cannot be taken for
/// others.
bool standsAlone(std::string_view text);

/// What a role or module may be: a name as isUserName() demands that stands alone.
bool isElement(std::string_view text);

/// Adds what one string of a list of entitlements stands for: its elements are separated by
/// commas, or where there is none by blanks; blanks around them and empty ones do not count. False
/// for elements above 256 bytes, more than 256 in all, control characters, or what is not UTF-8.
bool addSeparated(std::vector<std::string>& list, std::string_view text);

/// As above, but separated by commas alone: what joinList() makes of elements
/// with blanks in them comes back as it was.
bool addCommaSeparated(std::vector<std::string>& list, std::string_view text);

/// Adds one whole element of a list. One that does not stand alone is left out; empty ones do not
/// count. False as above.
bool addElement(std::vector<std::string>& list, std::string_view element);

/// Lists as the variables $edgerun_role and $edgerun_modules show them: elements joined by commas.
std::string joinList(const std::vector<std::string>& list);

/// Does the identity hold any of the roles? Whole elements, exact bytes.
bool hasAnyRole(const Identity& identity, const std::vector<std::string>& required);

/// The first required module that the identity lacks, or empty.
std::string_view firstMissingModule(const Identity& identity,
                                    const std::vector<std::string>& required);

}  // namespace edgerun::auth
