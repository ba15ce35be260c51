#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "list_file.h"

namespace edgerun::auth {

/// What an entry says of its user; absent members are nullopt.
struct Entitlements {
    std::optional<std::vector<std::string>> roles;
    std::optional<std::vector<std::string>> modules;
    std::optional<std::uint64_t> limit;
    bool isDisabled = false;
};

/// The members "role", "modules", "limit" and "disabled".
Entitlements readEntitlements(ListEntry& entry);

/// A name as isUserName() demands; empty when absent or, with a fault, when it is none.
std::string readName(ListEntry& entry, const char* member);

/// A member that must be there.
void requireMember(ListEntry& entry, const char* member);

/// Members other than these and those of readEntitlements() are faults.
void refuseUnknownMembers(ListEntry& entry, std::initializer_list<std::string_view> known);

/// The values of a member that may stand once in the file.
class UniqueValues {
public:
    explicit UniqueValues(const char* member) : member_(member) {}

    void add(ListEntry& entry, const std::string& value);

private:
    const char* member_;
    std::unordered_map<std::string, std::size_t> lines_;
};

}  // namespace edgerun::auth
