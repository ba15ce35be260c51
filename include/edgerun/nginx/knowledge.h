#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "edgerun/nginx/conf.h"
#include "edgerun/text/knowledge_base.h"

namespace edgerun::nginx {

/// What a query gets from a knowledge base.
struct KnowledgeContext {
    std::string text;  ///< follows the query, or empty: JobRequest::context
    std::string ids;   ///< JSON array of the articles' ids: JobRequest::knowledge
};

/// For a location with LocationConf::knowledge that is not off, whose base that is (as
/// KnowledgeLibrary::current() gives it). nullopt: NGINX could not evaluate "level".
std::optional<KnowledgeContext> contextFor(ngx_http_request_t* r, const LocationConf& location,
                                           const text::KnowledgeBase& base, std::string_view query);

}  // namespace edgerun::nginx
