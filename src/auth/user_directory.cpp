#include "edgerun/auth/user_directory.h"

#include "list_entry.h"

namespace edgerun::auth {

std::variant<UserDirectory, FileFaults> UserDirectory::read(std::string_view text) {
    UserDirectory directory;
    UniqueValues names("user");
    FileFaults faults = readListFile(text, [&](ListEntry& entry) {
        refuseUnknownMembers(entry, {"user"});
        requireMember(entry, "user");
        std::string name = readName(entry, "user");
        Entitlements said = readEntitlements(entry);
        if (!name.empty()) {
            names.add(entry, name);
            directory.users_.emplace(
                std::move(name),
                User{std::move(said.roles), std::move(said.modules), said.limit, said.isDisabled});
        }
    });
    if (!faults.empty()) {
        return faults;
    }
    return directory;
}

void UserDirectory::apply(Caller& caller) const {
    const auto found = users_.find(caller.identity.user);
    if (found == users_.end()) {
        caller.standing = Standing::Unknown;
        return;
    }
    const User& user = found->second;
    Identity& identity = caller.identity;
    caller.standing = user.isDisabled ? Standing::Disabled : Standing::Good;
    if (user.roles) {
        identity.roles = *user.roles;
    }
    if (user.modules) {
        identity.modules = *user.modules;
    }
    if (user.limit) {
        identity.limit = user.limit;
    }
}

}  // namespace edgerun::auth
