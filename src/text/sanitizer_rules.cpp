#include <algorithm>

#include "edgerun/text/json.h"
#include "edgerun/text/sanitizer.h"
#include "edgerun/text/utf8.h"
#include "sanitizer_check.h"

namespace edgerun::text {
namespace {

constexpr std::size_t kMostDepth = 4;
constexpr std::int64_t kGreatestMinimum = 1'000'000;  // code points
constexpr std::size_t kLongestFallback = 10'000;      // code points

void readList(const json_t* array, const RuleList& list, SanitizerRules& rules,
              Mistakes& mistakes) {
    if (!json_is_array(array)) {
        mistakes.add(quoted(list.member) + " must be an array of strings");
        return;
    }
    checkSize(list, json_array_size(array), mistakes);
    for (std::size_t index = 0; index < json_array_size(array); ++index) {
        const json_t* value = json_array_get(array, index);
        const std::string& element = (rules.*list.elements).emplace_back(stringOf(value));
        addFault(list, index, json_is_string(value) ? list.faultOf(element) : "must be a string",
                 mistakes);
    }
}

void readMinimum(const json_t* value, SanitizerRules& rules, Mistakes& mistakes) {
    const std::int64_t number = json_is_integer(value) ? json_integer_value(value) : -1;
    if (number < 0 || number > kGreatestMinimum) {
        mistakes.add("\"minimumLength\" must be a number of characters from 0 to " +
                     std::to_string(kGreatestMinimum));
        return;
    }
    rules.minimumLength = static_cast<std::size_t>(number);
}

void readFallback(const json_t* value, SanitizerRules& rules, Mistakes& mistakes) {
    rules.fallback = stringOf(value);
    if (!json_is_string(value) || countCodePoints(rules.fallback) > kLongestFallback) {
        mistakes.add("\"fallback\" must be a string of at most " +
                     std::to_string(kLongestFallback) + " characters");
    }
}

void readMember(std::string_view name, const json_t* value, SanitizerRules& rules,
                Mistakes& mistakes) {
    const auto* list = std::find_if(std::begin(kRuleLists), std::end(kRuleLists),
                                    [&](const RuleList& row) { return row.member == name; });
    if (list != std::end(kRuleLists)) {
        readList(value, *list, rules, mistakes);
    } else if (name == "minimumLength") {
        readMinimum(value, rules, mistakes);
    } else if (name == "fallback") {
        readFallback(value, rules, mistakes);
    } else {
        mistakes.add("unknown member " + quoted(name) +
                     "; it takes headings, labels, blocks, regexes, minimumLength and fallback");
    }
}

}  // namespace

std::variant<SanitizerRules, std::vector<std::string>> parseSanitizerRules(std::string_view json) {
    auto parsed = parseJsonOrTell(json, {kMaxSanitizerRulesBytes, kMostDepth});
    if (const auto* fault = std::get_if<JsonFault>(&parsed)) {
        return std::vector{"line " + std::to_string(fault->line) + ": " + fault->message};
    }
    const auto& object = std::get<JsonPtr>(parsed);
    if (!json_is_object(object.get())) {
        return std::vector<std::string>{"rules must be one JSON object"};
    }
    SanitizerRules rules;
    Mistakes mistakes;
    const char* name = nullptr;
    json_t* value = nullptr;
    json_object_foreach(object.get(), name, value) {
        readMember(name, value, rules, mistakes);
    }
    if (!mistakes.empty()) {
        return mistakes.take();
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
