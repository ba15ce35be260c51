#include "edgerun/text/knowledge_base.h"

#include "knowledge_index.h"

namespace edgerun::text {
namespace {

std::vector<std::string> phrasesOf(const std::vector<Keyword>& keywords) {
    std::vector<std::string> phrases;
    phrases.reserve(keywords.size());
    for (const Keyword& keyword : keywords) {
        phrases.push_back(keyword.phrase);
    }
    return phrases;
}

}  // namespace

KnowledgeBase::KnowledgeBase(std::vector<Article> articles, std::vector<Keyword> keywords)
    : articles_(std::move(articles)),
      keywords_(std::move(keywords)),
      index_(std::make_shared<const Index>(articles_, keywords_)) {}

KnowledgeBase::Index::Index(const std::vector<Article>& articles,
                            const std::vector<Keyword>& allKeywords)
    : phrases(phrasesOf(allKeywords)), labels(articles), keywordBegins(articles.size() + 2) {
    byId.reserve(articles.size());
    for (std::uint32_t article = 0; article < articles.size(); ++article) {
        byId.emplace(articles[article].id, article);
    }
    // Counted two places further on, so that filling moves each beginning to where it belongs.
    for (const Keyword& keyword : allKeywords) {
        for (const std::uint32_t article : keyword.articles) {
            ++keywordBegins[article + 2];
        }
    }
    for (std::size_t i = 2; i < keywordBegins.size(); ++i) {
        keywordBegins[i] += keywordBegins[i - 1];
    }
    keywords.resize(keywordBegins.back());
    for (std::uint32_t number = 0; number < allKeywords.size(); ++number) {
        for (const std::uint32_t article : allKeywords[number].articles) {
            keywords[keywordBegins[article + 1]++] = number;
        }
    }
}

std::optional<std::uint32_t> KnowledgeBase::find(std::string_view id) const {
    const auto found = index_->byId.find(id);
    return found != index_->byId.end() ? std::optional(found->second) : std::nullopt;
}

std::vector<std::string_view> KnowledgeBase::keywordsOf(std::uint32_t article) const {
    std::vector<std::string_view> phrases;
    for (std::uint32_t i = index_->keywordBegins[article]; i < index_->keywordBegins[article + 1];
         ++i) {
        phrases.emplace_back(keywords_[index_->keywords[i]].phrase);
    }
    return phrases;
}

std::vector<std::uint32_t> KnowledgeBase::match(std::string_view query, std::size_t most) const {
    std::vector<std::uint32_t> found;
    std::vector<bool> isFound(articles_.size());
    for (const PhraseMatch& match : index_->phrases.find(query)) {
        for (const std::uint32_t article : keywords_[match.phrase].articles) {
            if (found.size() >= most) {
                return found;
            }
            if (!isFound[article]) {
                isFound[article] = true;
                found.push_back(article);
            }
        }
    }
    return found;
}

}  // namespace edgerun::text
