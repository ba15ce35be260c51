#include <algorithm>

#include "article_rules.h"
#include "edgerun/text/knowledge_base.h"
#include "knowledge_limits.h"

namespace edgerun::text {
namespace {

using Phrases = std::vector<std::string>;

PhraseSet checked(const Article& article, const Phrases& phrases, Mistakes& mistakes) {
    checkArticle(article, {"", mistakes});
    PhraseSet set;
    for (std::uint32_t i = 0; i < phrases.size(); ++i) {
        set.add(phrases[i], i, mistakes);
    }
    return set;
}

/// In its place, or as the last one.
std::uint32_t put(std::vector<Article>& articles, std::optional<std::uint32_t> place,
                  Article article) {
    if (!place) {
        articles.push_back(std::move(article));
        return static_cast<std::uint32_t>(articles.size() - 1);
    }
    articles[*place] = std::move(article);
    return *place;
}

bool leadsTo(const Keyword& keyword, std::uint32_t article) {
    const auto& articles = keyword.articles;
    return std::find(articles.begin(), articles.end(), article) != articles.end();
}

/// One that leads to this article alone is written as it is written now.
void lead(Keyword& keyword, std::uint32_t article, const std::string& phrase) {
    if (!leadsTo(keyword, article)) {
        keyword.articles.push_back(article);
    } else if (keyword.articles.size() == 1) {
        keyword.phrase = phrase;
    }
}

void leadNoMore(Keyword& keyword, std::uint32_t article) {
    auto& articles = keyword.articles;
    articles.erase(std::remove(articles.begin(), articles.end(), article), articles.end());
}

void dropIdle(std::vector<Keyword>& keywords) {
    keywords.erase(std::remove_if(keywords.begin(), keywords.end(),
                                  [](const Keyword& keyword) { return keyword.articles.empty(); }),
                   keywords.end());
}

/// Keywords that there are keep their places; new ones stand behind them.
void relink(std::vector<Keyword>& keywords, std::uint32_t article, const Phrases& phrases,
            const PhraseSet& set) {
    std::vector<bool> isThere(phrases.size());
    for (Keyword& keyword : keywords) {
        const auto found = set.numbers().find(PhraseSet::keyOf(keyword.phrase));
        if (found == set.numbers().end()) {
            leadNoMore(keyword, article);
        } else {
            lead(keyword, article, phrases[found->second]);
            isThere[found->second] = true;
        }
    }
    dropIdle(keywords);
    for (std::size_t i = 0; i < phrases.size(); ++i) {
        if (!isThere[i]) {
            keywords.push_back({phrases[i], {article}});
        }
    }
}

/// What parse() would refuse must not be written.
void checkCounts(const std::vector<Article>& articles, const std::vector<Keyword>& keywords,
                 Mistakes& mistakes) {
    if (articles.size() > KnowledgeBase::kMostArticles) {
        mistakes.add("there are " + std::to_string(KnowledgeBase::kMostArticles) +
                     " articles already");
    }
    if (keywords.size() > KnowledgeBase::kMostKeywords) {
        mistakes.add("there would be more than " + std::to_string(KnowledgeBase::kMostKeywords) +
                     " keywords");
    }
    std::size_t values = 3;
    for (const Article& article : articles) {
        values += 6 + article.tags.size();
    }
    for (const Keyword& keyword : keywords) {
        values += 2 + keyword.articles.size();
    }
    if (values > kMostValues) {
        mistakes.add("keywords would lead to articles too many times in all");
    }
}

/// An escape makes two bytes of one; what is around a text is as much as that of a short one.
bool mayBeTooLarge(const std::vector<Article>& articles, const std::vector<Keyword>& keywords) {
    constexpr std::size_t kAround = 128;
    std::size_t bytes = kAround;
    for (const Article& article : articles) {
        bytes += kAround + article.id.size() + article.title.size() + article.category.size() +
                 article.text.size();
        for (const std::string& tag : article.tags) {
            bytes += kAround + tag.size();
        }
    }
    for (const Keyword& keyword : keywords) {
        bytes += kAround + keyword.phrase.size() + keyword.articles.size() * kAround;
    }
    return 2 * bytes > KnowledgeBase::kMostBytes;
}

}  // namespace

std::variant<std::shared_ptr<const KnowledgeBase>, std::vector<std::string>> KnowledgeBase::with(
    Article article, const std::vector<std::string>& phrases) const {
    Mistakes mistakes;
    const PhraseSet set = checked(article, phrases, mistakes);
    if (!mistakes.empty()) {
        return mistakes.take();
    }
    std::vector<Article> articles = articles_;
    std::vector<Keyword> keywords = keywords_;
    const auto place = find(article.id);
    const std::uint32_t number = put(articles, place, std::move(article));
    relink(keywords, number, phrases, set);
    checkCounts(articles, keywords, mistakes);
    if (!mistakes.empty()) {
        return mistakes.take();
    }
    const bool mayBeTooMuch = mayBeTooLarge(articles, keywords);
    std::shared_ptr<const KnowledgeBase> next(
        new KnowledgeBase(std::move(articles), std::move(keywords)));
    if (mayBeTooMuch && next->dump().size() > kMostBytes) {
        mistakes.add("its file would be too large");
        return mistakes.take();
    }
    return next;
}

std::shared_ptr<const KnowledgeBase> KnowledgeBase::without(std::string_view id) const {
    const auto gone = find(id);
    if (!gone) {
        return nullptr;
    }
    std::vector<Article> articles = articles_;
    articles.erase(articles.begin() + *gone);
    std::vector<Keyword> keywords = keywords_;
    for (Keyword& keyword : keywords) {
        leadNoMore(keyword, *gone);
        for (std::uint32_t& article : keyword.articles) {
            article -= article > *gone ? 1 : 0;
        }
    }
    dropIdle(keywords);
    return std::shared_ptr<const KnowledgeBase>(
        new KnowledgeBase(std::move(articles), std::move(keywords)));
}

}  // namespace edgerun::text
