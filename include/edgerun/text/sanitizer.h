#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace edgerun::text {

/// What is taken out of answers. Names are compared without regard to case; blanks in them stand
/// for one or more blanks.
struct SanitizerRules {
    /// Lines that hold one of these alone, perhaps as a markdown heading, with a number, in bold,
    /// or with a colon or dash behind it, are removed.
    std::vector<std::string> headings;
    /// "Name:" or "Name -" at the beginning of a line goes; the rest of the line stays.
    std::vector<std::string> labels;
    /// A line that begins so is removed with all lines up to the next blank one.
    std::vector<std::string> blocks;
    /// PCRE2, UTF-8, multi-line; what matches is removed.
    std::vector<std::string> regexes;
    std::size_t minimumLength = 40;  ///< code points; a shorter answer becomes `fallback`
    std::string fallback;            ///< empty: short answers stay
};

/// What edgerun_sanitize default does (docs/directives.md).
SanitizerRules defaultSanitizerRules();

/// {"headings": [...], "labels": [...], "blocks": [...], "regexes": [...], "minimumLength": N,
/// "fallback": TEXT}, all optional: what is not named is empty (minimumLength: 40). Else all that
/// is wrong with it, a line each.
std::variant<SanitizerRules, std::vector<std::string>> parseSanitizerRules(std::string_view json);

/// Cleans answers by one set of rules. clean() changes nothing in it.
class Sanitizer {
public:
    /// Else all that is wrong, a line each: regexes that do not compile, names that are empty.
    static std::variant<std::unique_ptr<Sanitizer>, std::vector<std::string>> create(
        SanitizerRules rules);
    ~Sanitizer();
    Sanitizer(const Sanitizer&) = delete;
    Sanitizer& operator=(const Sanitizer&) = delete;

    /// In time linear in the answer's size, but for regexes, whose work is limited in all. nullopt
    /// when it failed (a regex reached its limits, no memory): then the answer is to stay as it
    /// is. `answer` is valid UTF-8, so is what comes of it.
    std::optional<std::string> clean(std::string_view answer) const;

private:
    struct Impl;
    explicit Sanitizer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace edgerun::text
