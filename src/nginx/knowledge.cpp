#include "edgerun/nginx/knowledge.h"

#include "edgerun/auth/identity.h"
#include "edgerun/nginx/gate.h"
#include "edgerun/text/json.h"
#include "edgerun/text/utf8.h"

namespace edgerun::nginx {

namespace {

constexpr std::string_view kAdvancedRole = "ADMIN";
constexpr std::size_t kMostLevel = 100;  // code points

std::string usualLevel(ngx_http_request_t* r) {
    const auth::Caller* caller = callerOf(r);
    const bool isAdvanced =
        caller != nullptr && auth::hasAnyRole(caller->identity, {std::string(kAdvancedRole)});
    return isAdvanced ? "advanced" : "standard";
}

/// It goes to the model, and may come from the client.
bool isUsable(std::string_view level) {
    return !level.empty() && text::isValidUtf8(level) && !text::hasControlCharacter(level) &&
           text::countCodePoints(level) <= kMostLevel;
}

std::optional<std::string> levelOf(ngx_http_request_t* r, const KnowledgeUse& use) {
    if (use.level == nullptr) {
        return usualLevel(r);
    }
    ngx_str_t value = ngx_null_string;
    if (ngx_http_complex_value(r, use.level, &value) != NGX_OK) {
        return std::nullopt;
    }
    const std::string_view level = loop::view(value);
    return isUsable(level) ? std::string(level) : usualLevel(r);
}

std::string idsOf(const std::vector<const text::Article*>& articles) {
    std::vector<std::string_view> ids;
    ids.reserve(articles.size());
    for (const text::Article* article : articles) {
        ids.emplace_back(article->id);
    }
    return text::jsonArrayOf(ids);
}

}  // namespace

std::optional<KnowledgeContext> contextFor(ngx_http_request_t* r, const LocationConf& location,
                                           const text::KnowledgeBase& base,
                                           std::string_view query) {
    const KnowledgeUse& use = **location.knowledge;
    std::vector<const text::Article*> articles;
    for (const std::uint32_t index : base.match(query, use.most)) {
        articles.push_back(&base.articles()[index]);
    }
    if (articles.empty()) {
        return KnowledgeContext{{}, "[]"};
    }
    const auto level = levelOf(r, use);
    if (!level) {
        return std::nullopt;
    }
    const auto& pattern =
        use.pattern != nullptr ? *use.pattern : text::KnowledgeTemplate::standard();
    return KnowledgeContext{pattern.render(articles, *level, use.articleSize), idsOf(articles)};
}

}  // namespace edgerun::nginx
