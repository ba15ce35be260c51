#include <algorithm>

#include "edgerun/text/json.h"
#include "edgerun/text/sanitizer.h"
#include "edgerun/text/utf8.h"
#include "sanitizer_check.h"

namespace edgerun::text {
namespace {

using Faults = std::vector<std::string>;

constexpr std::size_t kMostDepth = 4;
constexpr std::int64_t kGreatestMinimum = 1'000'000;  // code points
constexpr std::size_t kLongestFallback = 10'000;      // code points
constexpr std::size_t kLongestShown = 40;             // code points

constexpr const char* kMembers = "headings, labels, blocks, regexes, minimumLength and fallback";

using Names = std::vector<std::string>;

void readStrings(const json_t* list, const char* member, Names& names, Faults& faults) {
    if (!json_is_array(list)) {
        faults.push_back(std::string(member) + " must be an array of strings");
        return;
    }
    for (std::size_t index = 0; index < json_array_size(list); ++index) {
        const json_t* element = json_array_get(list, index);
        names.emplace_back(stringOf(element));
        if (!json_is_string(element)) {
            faults.push_back(elementOf(member, index) + " must be a string");
        }
    }
}

void readMinimum(const json_t* value, SanitizerRules& rules, Faults& faults) {
    const std::int64_t number = json_is_integer(value) ? json_integer_value(value) : -1;
    if (number < 0 || number > kGreatestMinimum) {
        faults.push_back("minimumLength must be a number of characters from 0 to " +
                         std::to_string(kGreatestMinimum));
        return;
    }
    rules.minimumLength = static_cast<std::size_t>(number);
}

void readFallback(const json_t* value, SanitizerRules& rules, Faults& faults) {
    rules.fallback = stringOf(value);
    if (!json_is_string(value) || countCodePoints(rules.fallback) > kLongestFallback) {
        faults.push_back("fallback must be a string of at most " +
                         std::to_string(kLongestFallback) + " characters");
    }
}

struct ListMember {
    const char* name;
    Names SanitizerRules::*list;
};

constexpr ListMember kLists[] = {
    {"headings", &SanitizerRules::headings},
    {"labels", &SanitizerRules::labels},
    {"blocks", &SanitizerRules::blocks},
    {"regexes", &SanitizerRules::regexes},
};

std::string unknown(std::string_view name) {
    std::string fault = "unknown member ";
    appendJsonString(fault, cutAtCodePoints(name, kLongestShown));
    return fault + "; it takes " + kMembers;
}

void readMember(std::string_view name, const json_t* value, SanitizerRules& rules, Faults& faults) {
    const auto* list = std::find_if(std::begin(kLists), std::end(kLists),
                                    [&](const ListMember& row) { return row.name == name; });
    if (list != std::end(kLists)) {
        readStrings(value, list->name, rules.*list->list, faults);
    } else if (name == "minimumLength") {
        readMinimum(value, rules, faults);
    } else if (name == "fallback") {
        readFallback(value, rules, faults);
    } else {
        faults.push_back(unknown(name));
    }
}

/// Elements that are no strings were named already; they stand there as empty ones.
void addFaults(const Faults& more, Faults& faults) {
    for (const std::string& fault : more) {
        const std::string element = fault.substr(0, fault.find(' ') + 1);
        const bool isNamed = std::any_of(faults.begin(), faults.end(), [&](const auto& known) {
            return known.compare(0, element.size(), element) == 0;
        });
        if (!isNamed) {
            faults.push_back(fault);
        }
    }
}

}  // namespace

std::variant<SanitizerRules, Faults> parseSanitizerRules(std::string_view json) {
    auto parsed = parseJsonOrTell(json, {kMaxSanitizerRulesBytes, kMostDepth});
    if (const auto* fault = std::get_if<JsonFault>(&parsed)) {
        return Faults{"not the JSON that rules are: " + fault->message + " in line " +
                      std::to_string(fault->line)};
    }
    const auto& object = std::get<JsonPtr>(parsed);
    if (!json_is_object(object.get())) {
        return Faults{"rules must be one JSON object"};
    }
    SanitizerRules rules;
    Faults faults;
    const char* name = nullptr;
    json_t* value = nullptr;
    json_object_foreach(object.get(), name, value) {
        readMember(name, value, rules, faults);
    }
    Faults more;
    checkNames(rules, more);
    compileRegexes(rules, more);
    addFaults(more, faults);
    if (!faults.empty()) {
        return faults;
    }
    return rules;
}

SanitizerRules defaultSanitizerRules() {
    SanitizerRules rules;
    rules.headings = {"Executive Summary",      "Situational Synthesis",   "What It Means",
                      "What to Watch",          "Follow-up Questions",     "Red Team",
                      "Red Team Consideration", "Red Team Considerations", "Interpretive Note",
                      "Interpretive Notes"};
    rules.labels = rules.headings;
    rules.blocks = {"Note on Risk", "Risk disclaimer"};
    rules.fallback =
        "There is no answer to show for this question. Please ask it again, or in other words.";
    return rules;
}

}  // namespace edgerun::text
