#include "edgerun/text/sanitizer.h"

#include <new>
#include <utility>

#include "edgerun/text/utf8.h"
#include "line_cleaner.h"
#include "name_table.h"
#include "removal_regex.h"
#include "sanitizer_check.h"

namespace edgerun::text {
namespace {

constexpr std::size_t kWorkAtLeast = 1'000'000;
constexpr std::size_t kWorkForByte = 32;
constexpr std::size_t kQuickBytes = 64 * 1024;

struct NameList {
    std::vector<std::string> SanitizerRules::*names;
    bool NameKinds::*kind;
};

constexpr NameList kNameLists[] = {
    {&SanitizerRules::headings, &NameKinds::isHeading},
    {&SanitizerRules::labels, &NameKinds::isLabel},
    {&SanitizerRules::blocks, &NameKinds::isBlock},
};

void checkRules(const SanitizerRules& rules, Mistakes& mistakes) {
    for (const RuleList& list : kRuleLists) {
        const std::vector<std::string>& elements = rules.*list.elements;
        checkSize(list, elements.size(), mistakes);
        for (std::size_t index = 0; index < elements.size(); ++index) {
            addFault(list, index, list.faultOf(elements[index]), mistakes);
        }
    }
}

}  // namespace

struct Sanitizer::Impl {
    NameTable names;
    std::vector<RemovalRegex> regexes;
    std::size_t minimumLength = 0;
    std::string fallback;

    std::optional<std::string> withoutMatches(std::string_view answer) const;
    std::string cleanLines(std::string_view text, bool hasLost) const;
};

Sanitizer::Sanitizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Sanitizer::~Sanitizer() = default;

std::variant<std::unique_ptr<Sanitizer>, std::vector<std::string>> Sanitizer::create(
    SanitizerRules rules) {
    Mistakes mistakes;
    checkRules(rules, mistakes);
    if (!mistakes.empty()) {
        return mistakes.take();
    }
    auto impl = std::make_unique<Impl>();
    for (const auto& [names, kind] : kNameLists) {
        for (const std::string& name : rules.*names) {
            impl->names.add(name, kind);
        }
    }
    impl->names.finish();
    for (const std::string& regex : rules.regexes) {
        impl->regexes.push_back(std::get<RemovalRegex>(RemovalRegex::compile(regex)));
    }
    impl->minimumLength = rules.minimumLength;
    impl->fallback = std::move(rules.fallback);
    return std::unique_ptr<Sanitizer>(new Sanitizer(std::move(impl)));
}

std::optional<std::string> Sanitizer::clean(std::string_view answer) const {
    try {
        if (!isValidUtf8(answer)) {
            return std::nullopt;
        }
        const auto text = impl_->withoutMatches(answer);
        return text ? std::optional(impl_->cleanLines(*text, text->size() < answer.size()))
                    : std::nullopt;
    } catch (const std::bad_alloc&) {
        return std::nullopt;
    }
}

bool Sanitizer::isQuick(std::size_t bytes) const {
    return impl_->regexes.empty() && bytes <= kQuickBytes;
}

std::optional<std::string> Sanitizer::Impl::withoutMatches(std::string_view answer) const {
    RegexWork work{kWorkAtLeast + kWorkForByte * answer.size()};
    std::optional<std::string> text(answer);
    for (const RemovalRegex& regex : regexes) {
        text = regex.removeFrom(*text, work);
        if (!text) {
            break;
        }
    }
    return text;
}

std::string Sanitizer::Impl::cleanLines(std::string_view text, bool hasLost) const {
    CleanedLines cleaned = text::cleanLines(text, names);
    const bool isLeftOver = hasLost || cleaned.hasLost || cleaned.text.empty();
    const bool isShort = countCodePoints(cleaned.text) < minimumLength || cleaned.text.empty();
    if (isLeftOver && isShort && !fallback.empty()) {
        return fallback;
    }
    return std::move(cleaned.text);
}

}  // namespace edgerun::text
