#include "edgerun/auth/identity.h"

#include <algorithm>

namespace edgerun::auth {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& element) {
    return std::find(list.begin(), list.end(), element) != list.end();
}

}  // namespace

std::string joinList(const std::vector<std::string>& list) {
    std::string joined;
    for (const std::string& element : list) {
        if (&element != &list.front()) {
            joined.push_back(',');
        }
        joined.append(element);
    }
    return joined;
}

bool hasAnyRole(const Identity& identity, const std::vector<std::string>& required) {
    return std::any_of(required.begin(), required.end(),
                       [&](const std::string& role) { return contains(identity.roles, role); });
}

std::string_view firstMissingModule(const Identity& identity,
                                    const std::vector<std::string>& required) {
    const auto missing = std::find_if(
        required.begin(), required.end(),
        [&](const std::string& module) { return !contains(identity.modules, module); });
    return missing == required.end() ? std::string_view() : std::string_view(*missing);
}

}  // namespace edgerun::auth
