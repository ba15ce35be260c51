#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "article_labels.h"
#include "edgerun/text/knowledge_base.h"
#include "edgerun/text/phrase_matcher.h"

namespace edgerun::text {

/// What makes finding fast, made once.
struct KnowledgeBase::Index {
    Index(const std::vector<Article>& articles, const std::vector<Keyword>& keywords);

    PhraseMatcher phrases;  ///< those of all keywords, in their order
    ArticleLabels labels;
    std::unordered_map<std::string_view, std::uint32_t> byId;
    /// Keywords of an article: from its number in keywordBegins on, to that of the next one.
    std::vector<std::uint32_t> keywordBegins;
    std::vector<std::uint32_t> keywords;
};

}  // namespace edgerun::text
