#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "edgerun/text/knowledge_base.h"
#include "mistakes.h"

namespace edgerun::text {

/// Where a mistake is: "article \"x\": ", say; or nothing.
struct Subject {
    std::string name;
    Mistakes& mistakes;

    void wrong(const std::string& what) const { mistakes.add(name + what); }
};

void checkId(std::string_view id, const Subject& subject);
void checkTitle(std::string_view title, const Subject& subject);
void checkCategory(std::string_view category, const Subject& subject);
void checkTag(std::string_view tag, const Subject& subject);
void checkTagCount(std::size_t count, const Subject& subject);
void checkText(std::string_view text, const Subject& subject);
void checkArticle(const Article& article, const Subject& subject);

/// Phrases so far, by what two of them must not share: the folded one without blanks around.
class PhraseSet {
public:
    static std::string keyOf(std::string_view phrase);

    /// Adds it with its number. What is wrong with it is said by its name.
    void add(std::string_view phrase, std::uint32_t number, Mistakes& mistakes);
    const std::unordered_map<std::string, std::uint32_t>& numbers() const { return numbers_; }

private:
    std::unordered_map<std::string, std::uint32_t> numbers_;
};

}  // namespace edgerun::text
