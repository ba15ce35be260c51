#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "edgerun/engine/knowledge_library.h"
#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/problems.h"
#include "edgerun/text/knowledge_context.h"

namespace edgerun::nginx {

/// One edgerun_knowledge_base.
struct KnowledgeBaseConf {
    engine::KnowledgeSource source;
    Place place;
};

/// edgerun_knowledge: what is added to the queries of a location's jobs.
struct KnowledgeUse {
    std::string baseName;
    std::size_t base = 0;            ///< index in MainConf::knowledgeBases, once all is known
    std::size_t most = 3;            ///< articles
    std::size_t articleSize = 4000;  ///< code points of one
    /// Null: "advanced" for the role ADMIN, else "standard".
    ngx_http_complex_value_t* level = nullptr;
    std::shared_ptr<const text::KnowledgeTemplate> pattern;  ///< null: the standard one
    Place place;
};

/// edgerun_knowledge_search and edgerun_knowledge_articles.
struct KnowledgeHandlerConf {
    std::string baseName;
    std::size_t base = 0;       ///< index in MainConf::knowledgeBases, once all is known
    bool takesChanges = false;  ///< edgerun_knowledge_articles
    ngx_http_core_loc_conf_t* location = nullptr;
    std::string path;      ///< of the location, without trailing slash
    bool isGated = false;  ///< by an "if" or a "limit_except" of the location
    Place place;
};

}  // namespace edgerun::nginx
