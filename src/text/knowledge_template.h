#pragma once

#include <string_view>

#include "edgerun/text/knowledge_context.h"

namespace edgerun::text {

/// What a tag of a template may name.
struct KnowledgeTemplate::Name {
    std::string_view name;
    Field field;
    bool isOfArticle;  ///< and stands only between {{#articles}} and {{/articles}}
    bool isSection;    ///< stands for a section too: is there any?
};

}  // namespace edgerun::text
