#include "article_labels.h"

#include <algorithm>
#include <cstring>

#include "edgerun/text/case_fold.h"

namespace edgerun::text {

ArticleLabels::ArticleLabels(const std::vector<Article>& articles) {
    begins_.reserve(articles.size() + 1);
    for (const Article& article : articles) {
        begins_.push_back(labels_.size());
        labels_ += foldCase(article.title) + '\n' + foldCase(article.category) + '\n';
        for (const std::string& tag : article.tags) {
            labels_ += foldCase(tag) + '\n';
        }
    }
    begins_.push_back(labels_.size());
}

std::uint32_t ArticleLabels::find(std::string_view folded, std::uint32_t from) const {
    const auto articles = static_cast<std::uint32_t>(begins_.size() - 1);
    if (folded.find('\n') != std::string_view::npos) {  // none of a label, but between two
        return articles;
    }
    const std::size_t begin = begins_[from];
    const void* found =
        memmem(labels_.data() + begin, labels_.size() - begin, folded.data(), folded.size());
    if (found == nullptr) {
        return articles;
    }
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - labels_.data());
    const auto after = std::upper_bound(begins_.begin(), begins_.end(), at);
    return static_cast<std::uint32_t>(after - begins_.begin() - 1);
}

}  // namespace edgerun::text
