#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace edgerun::text {

/// What is taken out of answers. Names are compared without regard to case (foldCase()); blanks in
/// them stand for one or more blanks.
///
/// A name is looked for where a line begins: up to three blanks, "#" to "######", a number ("1.",
/// "2)", "1.2") and marks of bold and italic text may stand before it. Colons are ":" and the wide
/// one; dashes are hyphens, en dashes and em dashes. Code between fences ("```", "~~~") is never
/// touched but by regexes, nor are lines that are indented as code.
struct SanitizerRules {
    /// Lines that hold one of these alone, perhaps with a colon or dash behind it, are removed,
    /// with the line of "---" or "===" directly under it.
    std::vector<std::string> headings;
    /// "Name:" or "Name -" at the beginning of a line goes; the rest of the line stays, without
    /// "#" and number. A hyphen or an en dash needs a blank behind it: "Red Team-led" stays.
    std::vector<std::string> labels;
    /// A line that begins so, up to a word's end, is removed with all lines up to the next blank
    /// one, or to code.
    std::vector<std::string> blocks;
    /// PCRE2, UTF-8, multi-line ("^" and "$" are at every line); what matches is removed, before
    /// all others. Each sees what the one before it has left.
    std::vector<std::string> regexes;
    std::size_t minimumLength = 40;  ///< code points; a shorter answer becomes `fallback`
    std::string fallback;            ///< empty: short answers stay
};

/// What edgerun_sanitize default does (docs/directives.md).
SanitizerRules defaultSanitizerRules();

inline constexpr std::size_t kMaxSanitizerRulesBytes = 1024 * 1024;

/// {"headings": [...], "labels": [...], "blocks": [...], "regexes": [...], "minimumLength": N,
/// "fallback": TEXT}, all optional: what is not named is empty (minimumLength: 40). Else all that
/// is wrong with it, a line each, with what create() would say.
std::variant<SanitizerRules, std::vector<std::string>> parseSanitizerRules(std::string_view json);

/// Cleans answers by one set of rules. clean() changes nothing in it: threads may share it.
class Sanitizer {
public:
    /// Else all that is wrong, a line each: regexes that do not compile, names that are empty or
    /// hold what is read as marks around them.
    static std::variant<std::unique_ptr<Sanitizer>, std::vector<std::string>> create(
        SanitizerRules rules);
    ~Sanitizer();
    Sanitizer(const Sanitizer&) = delete;
    Sanitizer& operator=(const Sanitizer&) = delete;

    /// Regexes first, then the rules for lines; then two or more blank lines become one, but in
    /// code, and blanks and line ends around the answer go. An answer that is blank then becomes
    /// the fallback, and so does one of less than minimumLength that something was taken out of:
    /// "42." is a whole answer.
    ///
    /// In time linear in the answer's size, but for regexes, whose work is limited in all. nullopt
    /// when it failed (a regex reached its limits, no memory, no UTF-8): then the answer is to
    /// stay as it is. What comes of it is valid UTF-8, and no longer than the answer unless it is
    /// the fallback.
    std::optional<std::string> clean(std::string_view answer) const;
    /// Does an answer of so many bytes take at most some 2 ms? Not with regexes.
    bool isQuick(std::size_t bytes) const;

private:
    struct Impl;
    explicit Sanitizer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace edgerun::text
