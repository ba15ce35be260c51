#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "edgerun/text/knowledge_base.h"

namespace edgerun::text {

/// How the articles for a query are told to the model. A small part of Mustache: {{level}},
/// {{count}}, and between {{#articles}} and {{/articles}} for each of them {{number}}, {{id}},
/// {{title}}, {{category}}, {{tags}} (joined by ", ") and {{text}}; {{#category}}...{{/category}}
/// and likewise tags stand only where there are any, {{^category}}...{{/category}} where there are
/// none; {{! comments }} nowhere. Nothing is escaped; what an article says is not read as a
/// template. https://mustache.github.io/mustache.5.html
class KnowledgeTemplate {
public:
    /// Else all that is wrong with it, a line each, with its line's number.
    static std::variant<KnowledgeTemplate, std::vector<std::string>> parse(std::string_view text);
    /// Heading, level, the articles, and the instruction to use and cite them.
    static const KnowledgeTemplate& standard();

    /// To stand behind the query. Texts above `articleSize` code points are cut, and marked
    /// "[...]". Empty without articles.
    std::string render(const std::vector<const Article*>& articles, std::string_view level,
                       std::size_t articleSize) const;

private:
    enum class Field { Level, Count, Number, Id, Title, Category, Tags, Text };
    /// Those of a section stand behind it, up to its end.
    struct Part {
        enum class Kind { Text, Field, Articles, If, Unless };
        Kind kind;
        Field field = Field::Level;  ///< of a Field, If or Unless
        std::string text = {};
        std::size_t end = 0;  ///< of a section: the index behind its last part
    };
    struct Name;
    class Builder;
    class Writer;

    static const Name* findName(std::string_view name);

    std::vector<Part> parts_;
};

}  // namespace edgerun::text
