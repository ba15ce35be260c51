// Answers of a model, cleaned by the default rules, by rules that the input holds, and by a regex
// of the input; and files of rules.
//
// The first byte chooses. '{': all of it is a file of rules. 'n': names of headings, labels and
// blocks, a line each, up to an empty one; then the answer. 'r': a regex in one line, then the
// answer. Anything else: the answer.

#include <algorithm>

#include "edgerun/text/sanitizer.h"
#include "property.h"

namespace edgerun::fuzz {
namespace {

using text::Sanitizer;
using text::SanitizerRules;
using Faults = std::vector<std::string>;

std::unique_ptr<Sanitizer> sanitizerOf(SanitizerRules rules) {
    auto made = Sanitizer::create(std::move(rules));
    auto* sanitizer = std::get_if<std::unique_ptr<Sanitizer>>(&made);
    return sanitizer != nullptr ? std::move(*sanitizer) : nullptr;
}

std::string takeLine(std::string_view& input) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    std::string line(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
    return line;
}

bool isBlank(char byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/// Is `part` what stays when bytes are taken out of `whole`?
bool isLeftOf(std::string_view part, std::string_view whole) {
    std::size_t at = 0;
    for (const char byte : whole) {
        at += at < part.size() && part[at] == byte ? 1 : 0;
    }
    return at == part.size();
}

/// Outside of code, which only the sanitizer itself can tell.
void mustBeFolded(std::string_view cleaned) {
    must(cleaned.empty() || (!isBlank(cleaned.front()) && !isBlank(cleaned.back())),
         "what is cleaned is trimmed");
    const bool hasCode = cleaned.find("```") != std::string_view::npos ||
                         cleaned.find("~~~") != std::string_view::npos;
    must(hasCode || cleaned.find("\n\n\n") == std::string_view::npos, "line ends are folded");
}

void checkAnswer(const Sanitizer& sanitizer, std::string_view answer) {
    const auto cleaned = sanitizer.clean(answer);
    must(cleaned.has_value() == text::isValidUtf8(answer), "UTF-8 can be cleaned, all else not");
    if (!cleaned) {
        return;
    }
    must(text::isValidUtf8(*cleaned), "what is cleaned is UTF-8");
    must(cleaned->size() <= answer.size(), "what is cleaned is no longer");
    must(sanitizer.clean(*cleaned) == cleaned, "what is cleaned stays as it is");
    mustBeFolded(*cleaned);
}

/// The answer stands between two lines that nothing is taken out of, and must not harm them.
void checkNeighbours(const Sanitizer& sanitizer, std::string_view answer) {
    constexpr std::string_view kBefore = "Before it.\n";
    const auto cleaned = sanitizer.clean(std::string(kBefore).append(answer));
    must(!cleaned || cleaned->compare(0, kBefore.size() - 1, kBefore, 0, kBefore.size() - 1) == 0,
         "a line of prose stays");
}

void checkDefault(std::string_view answer) {
    static const auto sanitizer = [] {
        SanitizerRules rules = text::defaultSanitizerRules();
        rules.fallback.clear();
        return sanitizerOf(rules);
    }();
    checkAnswer(*sanitizer, answer);
    checkNeighbours(*sanitizer, answer);
}

void checkNames(std::string_view input) {
    SanitizerRules rules;
    std::vector<std::string>* lists[] = {&rules.headings, &rules.labels, &rules.blocks};
    std::string name;
    for (std::size_t turn = 0; !(name = takeLine(input)).empty(); ++turn) {
        lists[turn % std::size(lists)]->push_back(name);
    }
    if (const auto sanitizer = sanitizerOf(rules)) {
        checkAnswer(*sanitizer, input);
    }
}

void checkRegex(std::string_view input) {
    SanitizerRules rules;
    rules.regexes.push_back(takeLine(input));
    const auto sanitizer = sanitizerOf(rules);
    if (sanitizer == nullptr) {
        return;
    }
    if (const auto cleaned = sanitizer->clean(input)) {
        must(text::isValidUtf8(*cleaned), "what a regex leaves is UTF-8");
        must(isLeftOf(*cleaned, input), "a regex only takes away");
        mustBeFolded(*cleaned);
    }
}

void checkRules(std::string_view json) {
    auto parsed = text::parseSanitizerRules(json);
    if (const auto* faults = std::get_if<Faults>(&parsed)) {
        must(!faults->empty(), "rules that are refused have a fault");
        for (const std::string& fault : *faults) {
            mustBeShowable(fault);
        }
        return;
    }
    must(sanitizerOf(std::get<SanitizerRules>(parsed)) != nullptr,
         "rules that are read are usable");
}

}  // namespace
}  // namespace edgerun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace edgerun::fuzz;
    const std::string_view input = textOf(data, size);
    switch (input.empty() ? '\0' : input[0]) {
        case '{':
            checkRules(input);
            break;
        case 'n':
            checkNames(input.substr(1));
            break;
        case 'r':
            checkRegex(input.substr(1));
            break;
        default:
            checkDefault(input);
            break;
    }
    return 0;
}
