#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "edgerun/text/knowledge_base.h"

namespace edgerun::text {

/// Titles, categories and tags of all articles, folded, in one piece.
class ArticleLabels {
public:
    explicit ArticleLabels(const std::vector<Article>& articles);

    /// The first article from `from` on with the folded text in one of its labels; or how many
    /// articles there are.
    std::uint32_t find(std::string_view folded, std::uint32_t from) const;

private:
    std::string labels_;               ///< each with a line end before it and behind it
    std::vector<std::size_t> begins_;  ///< of each article, and the end
};

}  // namespace edgerun::text
