#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "edgerun/text/sanitizer.h"
#include "mistakes.h"

namespace edgerun::text {

// What is wrong with an element of the rules' lists; empty if nothing is.
std::string faultOfName(const std::string& name);
std::string faultOfBlock(const std::string& name);
std::string faultOfRegex(const std::string& pattern);

/// One of these lists.
struct RuleList {
    const char* member;  ///< its name in files
    std::vector<std::string> SanitizerRules::*elements;
    std::size_t most;  ///< elements
    std::string (*faultOf)(const std::string& element);
};

inline constexpr RuleList kRuleLists[] = {
    {"headings", &SanitizerRules::headings, 1000, faultOfName},
    {"labels", &SanitizerRules::labels, 1000, faultOfName},
    {"blocks", &SanitizerRules::blocks, 1000, faultOfBlock},
    {"regexes", &SanitizerRules::regexes, 100, faultOfRegex},
};

void checkSize(const RuleList& list, std::size_t size, Mistakes& mistakes);
void addFault(const RuleList& list, std::size_t index, const std::string& fault,
              Mistakes& mistakes);

}  // namespace edgerun::text
