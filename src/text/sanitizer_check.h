#pragma once

#include <string>
#include <vector>

#include "edgerun/text/sanitizer.h"
#include "name_table.h"
#include "removal_regex.h"

namespace edgerun::text {

/// The lists of names in the rules, as files call them.
struct NameList {
    const char* member;
    std::vector<std::string> SanitizerRules::*names;
    bool NameKinds::*kind;
};

inline constexpr NameList kNameLists[] = {
    {"headings", &SanitizerRules::headings, &NameKinds::isHeading},
    {"labels", &SanitizerRules::labels, &NameKinds::isLabel},
    {"blocks", &SanitizerRules::blocks, &NameKinds::isBlock},
};

/// `headings[2]`, for messages.
std::string elementOf(const char* list, std::size_t index);

/// What is wrong is added to `faults`.
void checkNames(const SanitizerRules& rules, std::vector<std::string>& faults);
/// Those that compile.
std::vector<RemovalRegex> compileRegexes(const SanitizerRules& rules,
                                         std::vector<std::string>& faults);

}  // namespace edgerun::text
