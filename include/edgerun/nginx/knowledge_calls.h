#pragma once

#include <optional>
#include <string_view>

#include "edgerun/loop/ngx.h"
#include "edgerun/nginx/conf.h"
#include "edgerun/nginx/worker.h"
#include "edgerun/text/knowledge_base.h"

namespace edgerun::nginx {

/// What every call on a knowledge base needs. For one step: a request that waits gets it anew.
struct KnowledgeCall {
    ngx_http_request_t* r;
    const LocationConf& location;
    const KnowledgeHandlerConf& handler;
    engine::KnowledgeLibrary& library;
};

/// nullopt without a worker.
std::optional<KnowledgeCall> knowledgeCallOf(ngx_http_request_t* r);
ngx_int_t refuseWithoutLibrary(ngx_http_request_t* r);

using ServeKnowledge = ngx_int_t (*)(const KnowledgeCall& call, const text::KnowledgeBase& base);

/// Calls `serve` with the newest version of the location's base: at once, or when it has been read.
/// Returns what a handler returns.
ngx_int_t serveKnowledge(ngx_http_request_t* r, ServeKnowledge serve);

/// What stands behind the location's path: "" for "" and "/", "ID" for "/ID"; nullopt for the
/// rest.
std::optional<std::string_view> articleIdOf(const ngx_http_request_t* r);

// What clients do with articles; each returns what a handler returns.
ngx_int_t listArticles(const KnowledgeCall& call, const text::KnowledgeBase& base);
ngx_int_t showArticle(const KnowledgeCall& call, const text::KnowledgeBase& base);
ngx_int_t createArticle(ngx_http_request_t* r);
ngx_int_t putArticle(ngx_http_request_t* r);
ngx_int_t removeArticle(ngx_http_request_t* r);

/// Content handler of edgerun_knowledge_search: GET ?q=
ngx_int_t knowledgeSearchHandler(ngx_http_request_t* r) noexcept;
/// Content handler of edgerun_knowledge_articles: the location is the collection of articles, below
/// it is each of them.
ngx_int_t knowledgeArticlesHandler(ngx_http_request_t* r) noexcept;

inline ngx_http_handler_pt handlerOf(const KnowledgeHandlerConf& conf) {
    return conf.takesChanges ? knowledgeArticlesHandler : knowledgeSearchHandler;
}

}  // namespace edgerun::nginx
