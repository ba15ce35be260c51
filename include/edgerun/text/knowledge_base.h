#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace edgerun::text {

/// One article. Texts are valid UTF-8 without NUL.
struct Article {
    std::string id;        ///< letters, digits, "_", "-" and ".", 1 to 128 of them, not "." or ".."
    std::string title;     ///< 1 to 500 code points, one line
    std::string category;  ///< up to 200 code points, one line; or empty
    std::vector<std::string> tags;  ///< up to 50, each as a category, not empty
    std::string text;               ///< up to 1 MiB
};

/// A phrase, and the articles to which it leads.
struct Keyword {
    std::string phrase;                   ///< 1 to 200 code points
    std::vector<std::uint32_t> articles;  ///< indices, in the order of the file, not empty
};

struct FoundArticle {
    std::uint32_t article = 0;              ///< its index
    std::vector<std::string_view> matched;  ///< keywords of it that the query holds, in order
    std::string excerpt;  ///< one line of its text, around the first of them or from its beginning
};

/// Articles, and the keywords by which they are found. Constant; threads may share it.
class KnowledgeBase {
public:
    KnowledgeBase(const KnowledgeBase&) = delete;
    KnowledgeBase& operator=(const KnowledgeBase&) = delete;

    static constexpr std::size_t kMostBytes = 256 * 1024 * 1024;
    static constexpr std::size_t kMostArticles = 100'000;
    static constexpr std::size_t kMostKeywords = 1'000'000;

    /// {"keywords": {PHRASE: [ID, ...]}, "articles": [{id, title, category?, tags?, text}]}. Else
    /// all that is wrong with it, a line each: unknown and duplicate ids, keywords that are equal
    /// but for case, wrong types, unknown members, ... (of more than 50 the first 50, and how many
    /// there are).
    static std::variant<std::shared_ptr<const KnowledgeBase>, std::vector<std::string>> parse(
        std::string_view json);

    /// With that article in the place of the one of its id, or as the last one; `keywords` are
    /// then all the phrases that lead to it (others lose it; those that lead nowhere are gone).
    /// Else all that is wrong.
    std::variant<std::shared_ptr<const KnowledgeBase>, std::vector<std::string>> with(
        Article article, const std::vector<std::string>& keywords) const;
    /// Without that article, and without keywords that led to nothing else. nullptr if there is
    /// none.
    std::shared_ptr<const KnowledgeBase> without(std::string_view id) const;

    /// parse() gives it again, equal; readable, with line ends.
    std::string dump() const;

    const std::vector<Article>& articles() const { return articles_; }
    const std::vector<Keyword>& keywords() const { return keywords_; }
    std::optional<std::uint32_t> find(std::string_view id) const;
    /// The phrases that lead to an article, in the order of the base.
    std::vector<std::string_view> keywordsOf(std::uint32_t article) const;

    /// Indices of the articles whose keywords occur in the query, in the order in which these occur
    /// first, each once, at most `most`. Within one keyword as the base names them.
    std::vector<std::uint32_t> match(std::string_view query, std::size_t most) const;

    /// For people who search: first what match() finds, then articles with the whole query in their
    /// title, category or a tag; at most `limit`.
    std::vector<FoundArticle> search(std::string_view query, std::size_t limit) const;

private:
    struct Index;
    KnowledgeBase(std::vector<Article> articles, std::vector<Keyword> keywords);

    std::vector<Article> articles_;
    std::vector<Keyword> keywords_;
    std::shared_ptr<const Index> index_;
};

/// What a client sends to write one article.
struct ArticleDraft {
    Article article;  ///< its id may be empty
    std::vector<std::string> keywords;
};

/// {"id"?, "title", "category"?, "tags"?, "text", "keywords"?}. Else all that is wrong with it.
std::variant<ArticleDraft, std::vector<std::string>> parseArticle(std::string_view json);
/// As clients see it: all of those members, in that order.
std::string dumpArticle(const KnowledgeBase& base, std::uint32_t article);
/// The same for a list: without its text and keywords.
std::string dumpArticleSummary(const KnowledgeBase& base, std::uint32_t article);

}  // namespace edgerun::text
