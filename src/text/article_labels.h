#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/text/knowledge_base.h"

namespace edgerun::text {

/// Titles, categories and tags of all articles, folded, to be searched. For each pair of bytes (or
/// a few pairs, by their hash) a row of bits says which articles have it: only articles that have
/// all pairs of what is searched are looked at. 128 bytes for an article.
class ArticleLabels {
public:
    explicit ArticleLabels(const std::vector<Article>& articles);

    /// The first article from `from` on with the folded text, which is not empty, in one of its
    /// labels; or how many articles there are.
    std::uint32_t find(std::string_view folded, std::uint32_t from) const;

private:
    std::string_view labelsOf(std::uint32_t article) const;
    void addLabel(std::string_view label);
    void fillRows();
    std::vector<const std::uint64_t*> rowsOf(std::string_view folded) const;

    std::string labels_;  ///< a line each
    std::size_t longest_ = 0;
    std::vector<std::size_t> begins_;  ///< of each article, and the end
    std::size_t wordsInRow_ = 0;
    std::vector<std::uint64_t> rows_;
};

}  // namespace edgerun::text
