#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace edgerun::nginx {

struct SearchQuery {
    std::string text;  ///< 1 to 1,000 code points of UTF-8, not blank
    std::size_t limit = 10;
};

struct ArticlesQuery {
    std::size_t limit = 20;
    std::string after;  ///< the id of an article, or empty
};

struct BadKnowledgeQuery {
    std::string message;  ///< for the client
};

/// Reads "q=TEXT&limit=10", each at most once. Escapes are resolved, "+" is a blank: forms and
/// URLSearchParams write it so.
std::variant<SearchQuery, BadKnowledgeQuery> readSearchQuery(std::string_view arguments);
/// Reads "limit=20&after=ID".
std::variant<ArticlesQuery, BadKnowledgeQuery> readArticlesQuery(std::string_view arguments);

}  // namespace edgerun::nginx
