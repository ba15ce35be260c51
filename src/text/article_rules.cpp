#include "article_rules.h"

#include <algorithm>

#include "edgerun/text/ascii.h"
#include "edgerun/text/case_fold.h"
#include "edgerun/text/utf8.h"

namespace edgerun::text {
namespace {

constexpr std::size_t kMostOfId = 128;
constexpr std::size_t kMostOfTitle = 500;
constexpr std::size_t kMostOfLabel = 200;  // a category, a tag or a keyword
constexpr std::size_t kMostTags = 50;
constexpr std::size_t kMostOfText = 1024 * 1024;

bool isOfId(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

bool isId(std::string_view id) {
    return !id.empty() && id.size() <= kMostOfId && id != "." && id != ".." &&
           std::all_of(id.begin(), id.end(), isOfId);
}

void checkUtf8(std::string_view name, std::string_view text, const Subject& subject) {
    if (!isValidUtf8(text)) {
        subject.wrong(std::string(name) + " is no UTF-8");
    }
}

/// "of the wrong length" would leave the author counting.
void checkLine(std::string_view name, std::string_view line, std::size_t most,
               const Subject& subject) {
    checkUtf8(name, line, subject);
    if (hasControlCharacter(line)) {
        subject.wrong(std::string(name) + " has control characters or line ends");
    }
    if (const std::size_t size = countCodePoints(line); size > most) {
        subject.wrong(std::string(name) + " has " + std::to_string(size) +
                      " characters, more than " + std::to_string(most));
    }
}

void checkFilledLine(std::string_view name, std::string_view line, std::size_t most,
                     const Subject& subject) {
    if (trimmed(line, " ").empty()) {
        subject.wrong(std::string(name) + " is empty");
    }
    checkLine(name, line, most, subject);
}

}  // namespace

void checkId(std::string_view id, const Subject& subject) {
    if (!isId(id)) {
        subject.wrong(
            "its id must be 1 to 128 letters, digits, \"_\", \"-\" and \".\", and not \".\" or "
            "\"..\"");
    }
}

void checkTitle(std::string_view title, const Subject& subject) {
    checkFilledLine("its title", title, kMostOfTitle, subject);
}

void checkCategory(std::string_view category, const Subject& subject) {
    checkLine("its category", category, kMostOfLabel, subject);
}

void checkTag(std::string_view tag, const Subject& subject) {
    checkFilledLine("a tag of it", tag, kMostOfLabel, subject);
}

void checkTagCount(std::size_t count, const Subject& subject) {
    if (count > kMostTags) {
        subject.wrong("it has " + std::to_string(count) + " tags, more than " +
                      std::to_string(kMostTags));
    }
}

void checkText(std::string_view text, const Subject& subject) {
    checkUtf8("its text", text, subject);
    if (hasControlCharacter(text, "\n\t\r")) {
        subject.wrong("its text has control characters other than line ends and tabs");
    }
    if (text.size() > kMostOfText) {
        subject.wrong("its text has " + std::to_string(text.size()) + " bytes, more than " +
                      std::to_string(kMostOfText));
    }
}

void checkArticle(const Article& article, const Subject& subject) {
    checkId(article.id, subject);
    checkTitle(article.title, subject);
    checkCategory(article.category, subject);
    checkTagCount(article.tags.size(), subject);
    for (const std::string& tag : article.tags) {
        checkTag(tag, subject);
    }
    checkText(article.text, subject);
}

std::string PhraseSet::keyOf(std::string_view phrase) {
    return foldCase(trimmed(phrase, " "));
}

void PhraseSet::add(std::string_view phrase, std::uint32_t number, Mistakes& mistakes) {
    const Subject subject{"keyword " + quoted(phrase) + ": ", mistakes};
    checkFilledLine("it", phrase, kMostOfLabel, subject);
    if (!numbers_.emplace(keyOf(phrase), number).second) {
        subject.wrong("it stands there twice, but for case or blanks around");
    }
}

}  // namespace edgerun::text
