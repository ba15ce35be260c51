#include <algorithm>
#include <array>

#include "edgerun/engine/knowledge_edit.h"
#include "edgerun/nginx/contain.h"
#include "edgerun/nginx/gate.h"
#include "edgerun/nginx/json_response.h"
#include "edgerun/nginx/knowledge_calls.h"
#include "edgerun/nginx/response_headers.h"
#include "edgerun/text/json.h"
#include "knowledge_query.h"

namespace edgerun::nginx {

namespace {

template <ServeKnowledge serve>
ngx_int_t withoutBody(ngx_http_request_t* r) {
    const ngx_int_t rc = ngx_http_discard_request_body(r);
    return rc == NGX_OK ? serveKnowledge(r, serve) : rc;
}

struct Method {
    ngx_uint_t methods;
    ngx_int_t (*handle)(ngx_http_request_t* r);
};

constexpr ngx_uint_t kRead = NGX_HTTP_GET | NGX_HTTP_HEAD;

struct Resource {
    std::string_view allowed;
    std::array<Method, 3> methods;
};

constexpr Resource kCollection{
    "GET, HEAD, POST",
    {{{kRead, withoutBody<listArticles>}, {NGX_HTTP_POST, createArticle}, {0, nullptr}}}};

constexpr Resource kArticle{"GET, HEAD, PUT, DELETE",
                            {{{kRead, withoutBody<showArticle>},
                              {NGX_HTTP_PUT, putArticle},
                              {NGX_HTTP_DELETE, removeArticle}}}};

ngx_int_t dispatch(ngx_http_request_t* r) {
    if (const ngx_int_t rc = passSubrequest(r); rc != NGX_OK) {
        return rc;
    }
    const auto id = articleIdOf(r);
    if (!id) {
        return refuse(r, NGX_HTTP_NOT_FOUND);
    }
    const Resource& resource = id->empty() ? kCollection : kArticle;
    for (const Method& method : resource.methods) {
        if ((r->method & method.methods) != 0) {
            return method.handle(r);
        }
    }
    return refuseMethod(r, resource.allowed);
}

// --- the list ---

/// Where the page begins that follows this article; nullopt if there is none of that id.
std::optional<std::size_t> beginOf(const text::KnowledgeBase& base, const ArticlesQuery& query) {
    if (query.after.empty()) {
        return 0;
    }
    const auto article = base.find(query.after);
    return article ? std::optional<std::size_t>(*article + 1) : std::nullopt;
}

std::string renderList(const text::KnowledgeBase& base, std::size_t begin, std::size_t limit) {
    const std::size_t end = begin + std::min(limit, base.articles().size() - begin);
    std::string articles = "[";
    for (std::size_t i = begin; i < end; i++) {
        articles += i > begin ? "," : "";
        articles += text::dumpArticleSummary(base, static_cast<std::uint32_t>(i));
    }
    articles += ']';

    const bool hasMore = end < base.articles().size();
    std::string out;
    text::JsonObjectWriter json(out);
    json.raw("articles", articles);
    json.boolean("hasMore", hasMore);
    if (hasMore) {
        json.string("next", base.articles()[end - 1].id);
    }
    json.finish();
    return out;
}

}  // namespace

ngx_int_t listArticles(const KnowledgeCall& call, const text::KnowledgeBase& base) {
    const auto read = readArticlesQuery(loop::view(call.r->args));
    if (const auto* fault = std::get_if<BadKnowledgeQuery>(&read)) {
        return refuse(call.r, NGX_HTTP_BAD_REQUEST, fault->message);
    }
    const auto& query = std::get<ArticlesQuery>(read);
    const auto begin = beginOf(base, query);
    if (!begin) {
        return refuse(call.r, NGX_HTTP_BAD_REQUEST,
                      "there is no article \"" + query.after + "\" any more; begin the list anew");
    }
    const ngx_str_t body = copyToPool(call.r, renderList(base, *begin, query.limit));
    if (body.data == nullptr || !addHeader(call.r, "Cache-Control", "private, no-store")) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return sendJson(call.r, NGX_HTTP_OK, loop::view(body));
}

/// NGINX answers If-None-Match by the ETag.
ngx_int_t showArticle(const KnowledgeCall& call, const text::KnowledgeBase& base) {
    const auto index = base.find(articleIdOf(call.r).value());
    if (!index) {
        return refuse(call.r, NGX_HTTP_NOT_FOUND, "there is no such article");
    }
    const std::string article = text::dumpArticle(base, *index);
    const ngx_str_t body = copyToPool(call.r, article);
    call.r->headers_out.etag = addHeader(call.r, "ETag", engine::tagOfArticle(article));
    const bool isWhole = body.data != nullptr && call.r->headers_out.etag != nullptr &&
                         addHeader(call.r, "Cache-Control", "private, no-cache");
    return isWhole ? sendJson(call.r, NGX_HTTP_OK, loop::view(body))
                   : NGX_HTTP_INTERNAL_SERVER_ERROR;
}

ngx_int_t knowledgeArticlesHandler(ngx_http_request_t* r) noexcept {
    return contain<ngx_int_t>(r->connection->log, NGX_HTTP_INTERNAL_SERVER_ERROR,
                              [r] { return dispatch(r); });
}

}  // namespace edgerun::nginx
