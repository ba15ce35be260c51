#include "list_entry.h"

#include <algorithm>

#include "edgerun/auth/identity.h"
#include "edgerun/text/json.h"

namespace edgerun::auth {
namespace {

constexpr std::string_view kEntitlements[] = {"role", "modules", "limit", "disabled"};

using List = std::optional<std::vector<std::string>>;

List readList(ListEntry& entry, const char* member);
std::optional<std::uint64_t> readLimit(ListEntry& entry);
bool readDisabled(ListEntry& entry);

std::string quoted(std::string_view text) {
    return '"' + std::string(text) + '"';
}

}  // namespace

Entitlements readEntitlements(ListEntry& entry) {
    Entitlements said;
    said.roles = readList(entry, "role");
    said.modules = readList(entry, "modules");
    said.limit = readLimit(entry);
    said.isDisabled = readDisabled(entry);
    return said;
}

std::string readName(ListEntry& entry, const char* member) {
    const json_t* value = entry.member(member);
    if (value == nullptr) {
        return {};
    }
    const std::string_view name = text::stringOf(value);
    if (!isUserName(name)) {
        entry.addFault(quoted(member) +
                       " must be a string of 1 to 256 bytes without control characters and "
                       "without blanks around it");
        return {};
    }
    return std::string(name);
}

void requireMember(ListEntry& entry, const char* member) {
    if (entry.member(member) == nullptr) {
        entry.addFault(quoted(member) + " is missing");
    }
}

namespace {

/// What is wrong with one element of an array, or null.
const char* addNamed(std::vector<std::string>& list, const json_t* element) {
    const std::size_t before = list.size();
    const std::string_view name = text::stringOf(element);
    if (!json_is_string(element)) {
        return " must be a string or an array of strings";
    }
    if (!addElement(list, name)) {
        return " takes up to 256 names of up to 256 bytes without control characters";
    }
    // Left out in a token, which others write; here somebody meant something by it.
    return list.size() == before ? " takes names that are not empty, without commas and without "
                                   "blanks around them"
                                 : nullptr;
}

List readList(ListEntry& entry, const char* member) {
    const json_t* value = entry.member(member);
    if (value == nullptr) {
        return std::nullopt;
    }
    std::vector<std::string> list;
    const char* fault = nullptr;
    if (json_is_array(value)) {
        for (std::size_t i = 0; i < json_array_size(value) && fault == nullptr; ++i) {
            fault = addNamed(list, json_array_get(value, i));
        }
    } else if (!json_is_string(value)) {
        fault = " must be a string or an array of strings";
    } else if (!addSeparated(list, text::stringOf(value))) {
        fault = " takes up to 256 names of up to 256 bytes without control characters";
    }
    if (fault != nullptr) {
        entry.addFault(quoted(member) + fault);
    }
    return list;
}

std::optional<std::uint64_t> readLimit(ListEntry& entry) {
    const json_t* value = entry.member("limit");
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        entry.addFault("\"limit\" must be an integer from 0");
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(json_integer_value(value));
}

bool readDisabled(ListEntry& entry) {
    const json_t* value = entry.member("disabled");
    if (value != nullptr && !json_is_boolean(value)) {
        entry.addFault("\"disabled\" must be true or false");
    }
    return json_is_true(value);
}

/// A name is shown when it cannot harm a log and is too short for a key in the wrong place.
std::string shown(std::string_view name) {
    constexpr std::size_t kMaxShown = 32;
    return name.size() <= kMaxShown && isUserName(name) ? " " + quoted(name) : "";
}

std::string listed(std::initializer_list<std::string_view> known) {
    std::string out;
    for (const std::string_view name : known) {
        out += quoted(name) + ", ";
    }
    for (const std::string_view& name : kEntitlements) {
        out += quoted(name) + (&name == std::end(kEntitlements) - 1 ? "" : ", ");
    }
    return out;
}

template <typename Names>
bool contains(const Names& names, std::string_view name) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

void refuseUnknownMembers(ListEntry& entry, std::initializer_list<std::string_view> known) {
    json_t* object = entry.object();
    for (void* at = json_object_iter(object); at != nullptr;
         at = json_object_iter_next(object, at)) {
        const std::string_view name = json_object_iter_key(at);
        if (!contains(known, name) && !contains(kEntitlements, name)) {
            entry.addFault("unknown member" + shown(name) + "; known are " + listed(known));
        }
    }
}

void UniqueValues::add(ListEntry& entry, const std::string& value) {
    const auto [first, isNew] = lines_.emplace(value, entry.line());
    if (!isNew) {
        entry.addFault("the same " + quoted(member_) + " as in line " +
                       std::to_string(first->second));
    }
}

}  // namespace edgerun::auth
