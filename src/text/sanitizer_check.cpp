#include "sanitizer_check.h"

#include "blanks.h"
#include "edgerun/text/utf8.h"
#include "line_marks.h"
#include "removal_regex.h"

namespace edgerun::text {
namespace {

constexpr std::size_t kLongestName = 200;    // code points
constexpr std::size_t kLongestRegex = 4096;  // bytes

std::string_view bare(const std::string& name) {
    return withoutTail(std::string_view(name).substr(skipBlanks(name, 0)));
}

}  // namespace

std::string faultOfName(const std::string& name) {
    const std::string fault = faultOfBlock(name);
    const bool hasSeparator = fault.empty() && endsWithSeparator(bare(name));
    return hasSeparator ? "must be the name alone: a colon or dash behind it is understood" : fault;
}

/// What is read as something before a name is never found as part of one.
std::string faultOfBlock(const std::string& name) {
    if (!isValidUtf8(name)) {
        return "must be UTF-8";
    }
    if (bare(name).empty() || hasControlCharacter(name) || countCodePoints(name) > kLongestName) {
        return "must be one line of 1 to " + std::to_string(kLongestName) + " characters";
    }
    const auto opener = readOpener(bare(name));
    const bool hasOpener = opener && opener->end > 0;
    return hasOpener ? "must be the name alone: a number, \"#\", \"*\" or \"_\" before it is "
                       "understood"
                     : "";
}

std::string faultOfRegex(const std::string& pattern) {
    if (pattern.empty() || pattern.size() > kLongestRegex) {
        return "must be a regex of 1 to " + std::to_string(kLongestRegex) + " bytes";
    }
    const auto compiled = RemovalRegex::compile(pattern);
    const auto* fault = std::get_if<std::string>(&compiled);
    return fault != nullptr ? "is no regex: " + *fault : "";
}

void checkSize(const RuleList& list, std::size_t size, Mistakes& mistakes) {
    if (size > list.most) {
        mistakes.add(quoted(list.member) + " must have at most " + std::to_string(list.most) +
                     " elements");
    }
}

void addFault(const RuleList& list, std::size_t index, const std::string& fault,
              Mistakes& mistakes) {
    if (!fault.empty()) {
        mistakes.add(quoted(list.member) + "[" + std::to_string(index) + "] " + fault);
    }
}

}  // namespace edgerun::text
