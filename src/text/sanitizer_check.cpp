#include "sanitizer_check.h"

#include "blanks.h"
#include "edgerun/text/utf8.h"
#include "line_marks.h"

namespace edgerun::text {
namespace {

constexpr std::size_t kMostNames = 1000;   // of a kind
constexpr std::size_t kLongestName = 200;  // code points
constexpr std::size_t kMostRegexes = 100;
constexpr std::size_t kLongestRegex = 4096;  // bytes

bool holdsLineEnd(std::string_view name) {
    return name.find_first_of("\r\n") != std::string_view::npos;
}

/// Is part of it read as something that may stand around a name? Then no line would have it.
bool holdsMarks(std::string_view name, const NameList& list) {
    const auto opener = readOpener(name);
    const bool hasOpener = opener && opener->end > 0;
    const bool isBlock = list.kind == &NameKinds::isBlock;
    return hasOpener || (!isBlock && endsWithSeparator(name));
}

/// Empty if nothing is.
std::string whatIsWrong(std::string_view name, const NameList& list) {
    const std::string_view trimmed = withoutTail(name.substr(skipBlanks(name, 0)));
    if (!isValidUtf8(name)) {
        return "must be UTF-8";
    }
    if (trimmed.empty() || holdsLineEnd(trimmed) || countCodePoints(name) > kLongestName) {
        return "must be one line of 1 to " + std::to_string(kLongestName) + " characters";
    }
    return holdsMarks(trimmed, list) ? "must be the name alone: numbers, \"#\", \"*\" and \"_\" "
                                       "before it, a colon or dash behind it need not be said"
                                     : "";
}

}  // namespace

std::string elementOf(const char* list, std::size_t index) {
    return std::string(list) + "[" + std::to_string(index) + "]";
}

void checkNames(const SanitizerRules& rules, std::vector<std::string>& faults) {
    for (const NameList& list : kNameLists) {
        const std::vector<std::string>& names = rules.*list.names;
        if (names.size() > kMostNames) {
            faults.push_back(std::string(list.member) + " must be at most " +
                             std::to_string(kMostNames) + " names");
            continue;
        }
        for (std::size_t index = 0; index < names.size(); ++index) {
            const std::string fault = whatIsWrong(names[index], list);
            if (!fault.empty()) {
                faults.push_back(elementOf(list.member, index) + " " + fault);
            }
        }
    }
}

std::vector<RemovalRegex> compileRegexes(const SanitizerRules& rules,
                                         std::vector<std::string>& faults) {
    std::vector<RemovalRegex> regexes;
    if (rules.regexes.size() > kMostRegexes) {
        faults.push_back("regexes must be at most " + std::to_string(kMostRegexes));
        return regexes;
    }
    for (std::size_t index = 0; index < rules.regexes.size(); ++index) {
        const std::string& pattern = rules.regexes[index];
        const std::string element = elementOf("regexes", index);
        if (pattern.empty() || pattern.size() > kLongestRegex) {
            faults.push_back(element + " must be of 1 to " + std::to_string(kLongestRegex) +
                             " bytes");
            continue;
        }
        auto compiled = RemovalRegex::compile(pattern);
        if (auto* regex = std::get_if<RemovalRegex>(&compiled)) {
            regexes.push_back(std::move(*regex));
        } else {
            faults.push_back(element + " is no regex: " + std::get<std::string>(compiled));
        }
    }
    return regexes;
}

}  // namespace edgerun::text
