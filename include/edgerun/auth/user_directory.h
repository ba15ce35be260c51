#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "edgerun/auth/caller.h"
#include "edgerun/auth/file_fault.h"

namespace edgerun::auth {

/// The users of one edgerun_users file: one JSON object a line; blank lines and lines that
/// begin with "#" do not count. Members: "user"; and as wanted "role", "modules", "limit",
/// "disabled", as in ApiKeys. Constant after reading.
class UserDirectory {
public:
    /// Every mistake is named: no JSON, unknown or missing members, wrong types, a user given
    /// twice.
    static std::variant<UserDirectory, FileFaults> read(std::string_view text);

    /// Sets the caller's standing. What the directory says of role, modules and limit takes the
    /// place of what the credential says; what it leaves out stays.
    void apply(Caller& caller) const;

    std::size_t size() const { return users_.size(); }

private:
    struct User {
        std::optional<std::vector<std::string>> roles;
        std::optional<std::vector<std::string>> modules;
        std::optional<std::uint64_t> limit;
        bool isDisabled = false;
    };

    std::unordered_map<std::string, User> users_;
};

}  // namespace edgerun::auth
