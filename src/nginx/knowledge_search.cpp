#include <algorithm>

#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/json_response.h"
#include "edgerun/nginx/knowledge_calls.h"
#include "edgerun/nginx/response_headers.h"
#include "edgerun/text/json.h"
#include "knowledge_query.h"
#include "read_only.h"

namespace edgerun::nginx {

namespace {

std::string renderFound(const text::KnowledgeBase& base, const text::FoundArticle& found) {
    const text::Article& article = base.articles()[found.article];
    std::string out;
    text::JsonObjectWriter json(out);
    json.string("id", article.id);
    json.string("title", article.title);
    json.string("category", article.category);
    json.raw("tags", text::jsonArrayOf(article.tags));
    json.raw("matched", text::jsonArrayOf(found.matched));
    json.string("excerpt", found.excerpt);
    json.finish();
    return out;
}

std::string render(const text::KnowledgeBase& base, const SearchQuery& query) {
    const auto all = base.search(query.text, query.limit);
    std::string results = "[";
    for (const text::FoundArticle& found : all) {
        results += results.size() > 1 ? "," : "";
        results += renderFound(base, found);
    }
    results += ']';

    std::string out;
    text::JsonObjectWriter json(out);
    json.string("query", query.text);
    json.raw("results", results);
    json.integer("count", static_cast<std::int64_t>(all.size()));
    json.finish();
    return out;
}

ngx_int_t search(const KnowledgeCall& call, const text::KnowledgeBase& base) {
    const auto read = readSearchQuery(loop::view(call.r->args));
    if (const auto* fault = std::get_if<BadKnowledgeQuery>(&read)) {
        return refuse(call.r, NGX_HTTP_BAD_REQUEST, fault->message);
    }
    const ngx_str_t body = copyToPool(call.r, render(base, std::get<SearchQuery>(read)));
    if (body.data == nullptr || !addHeader(call.r, "Cache-Control", "private, no-store")) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return sendJson(call.r, NGX_HTTP_OK, loop::view(body));
}

/// A prefix location takes what is below it, too.
bool isItself(const ngx_http_request_t* r, const KnowledgeHandlerConf& handler) {
#if (NGX_PCRE)
    if (handler.location->regex != nullptr) {
        return true;
    }
#endif
    const std::string_view uri = loop::view(r->uri);
    const std::string_view rest = uri.substr(std::min(handler.path.size(), uri.size()));
    return rest.empty() || rest == "/";
}

ngx_int_t show(ngx_http_request_t* r) {
    return serveKnowledge(r, search);
}

ngx_int_t serve(ngx_http_request_t* r) {
    return isItself(r, *locationConfOf(r).knowledgeHandler) ? serveReadOnly(r, show)
                                                            : refuse(r, NGX_HTTP_NOT_FOUND);
}

}  // namespace

ngx_int_t knowledgeSearchHandler(ngx_http_request_t* r) noexcept {
    return contain<ngx_int_t>(r->connection->log, NGX_HTTP_INTERNAL_SERVER_ERROR,
                              [r] { return serve(r); });
}

}  // namespace edgerun::nginx
