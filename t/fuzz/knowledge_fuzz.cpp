// A file of a knowledge base, or one article as clients send it: what is taken is the same when it
// was written and read again, can be searched and changed, and be told to a model; what is refused
// has its reasons, fit for a log. What stands behind the first NUL is the query, and a template.

#include <algorithm>

#include "edgerun/text/case_fold.h"
#include "edgerun/text/json.h"
#include "edgerun/text/knowledge_base.h"
#include "edgerun/text/knowledge_context.h"
#include "property.h"

namespace edgerun::fuzz {
namespace {

using text::KnowledgeBase;
using Base = std::shared_ptr<const KnowledgeBase>;
using Mistakes = std::vector<std::string>;

bool holds(std::string_view text, std::string_view part) {
    return text::foldCase(text).find(text::foldCase(part)) != std::string::npos;
}

void checkMistakes(const Mistakes& mistakes) {
    must(!mistakes.empty() && mistakes.size() <= 51, "what is refused has a reason, or 50 of them");
    for (const std::string& mistake : mistakes) {
        must(!mistake.empty() && text::isValidUtf8(mistake), "a mistake has its words");
        mustBeShowable(mistake);
    }
}

Base mustBeBase(const std::variant<Base, Mistakes>& result) {
    const Base* base = std::get_if<Base>(&result);
    must(base != nullptr, "what was taken once is taken again");
    return *base;
}

void mustBeJson(const std::string& json) {
    must(json_is_object(text::parseJson(json, {json.size()}).get()), "what clients see is JSON");
}

void checkMatch(const KnowledgeBase& base, std::string_view query) {
    const std::vector<std::uint32_t> all = base.match(query, SIZE_MAX);
    std::vector<bool> isFound(base.articles().size());
    for (const std::uint32_t article : all) {
        must(article < isFound.size() && !isFound[article], "each article is found once");
        isFound[article] = true;
    }
    for (const text::Keyword& keyword : base.keywords()) {
        must(!keyword.articles.empty(), "a keyword leads to an article");
        for (const std::uint32_t article : keyword.articles) {
            must(isFound[article] || !holds(query, keyword.phrase),
                 "a keyword in the query leads to its articles");
        }
    }
    std::vector<std::uint32_t> first = base.match(query, 2);
    must(std::equal(first.begin(), first.end(), all.begin()) &&
             first.size() == std::min<std::size_t>(all.size(), 2),
         "fewer articles are the first ones");
}

void checkSearch(const KnowledgeBase& base, std::string_view query) {
    const auto found = base.search(query, SIZE_MAX);
    std::vector<bool> isFound(base.articles().size());
    for (const text::FoundArticle& one : found) {
        must(!isFound[one.article], "each article is found once");
        isFound[one.article] = true;
        for (const std::string_view keyword : one.matched) {
            must(holds(query, keyword), "a matched keyword stands in the query");
        }
        must(text::isValidUtf8(one.excerpt) && text::countCodePoints(one.excerpt) <= 206,
             "an excerpt is short");
        mustBeShowable(one.excerpt);
    }
    for (std::uint32_t i = 0; i < base.articles().size(); ++i) {
        must(query.empty() || query.find(' ') != std::string_view::npos || isFound[i] ||
                 !holds(base.articles()[i].title, query),
             "an article with the query in its title is found");
    }
}

/// Written as clients see it, and sent back, it changes nothing.
void checkArticle(const KnowledgeBase& base, std::uint32_t article) {
    const std::string shown = text::dumpArticle(base, article);
    mustBeJson(text::dumpArticleSummary(base, article));
    const auto result = text::parseArticle(shown);
    const auto* draft = std::get_if<text::ArticleDraft>(&result);
    must(draft != nullptr, "an article that is shown can be sent back");
    const Base same = mustBeBase(base.with(draft->article, draft->keywords));
    must(same->dump() == base.dump(), "an article that is sent back as it was changes nothing");
}

void checkWithout(const KnowledgeBase& base, std::uint32_t article) {
    const std::string& id = base.articles()[article].id;
    must(base.find(id) == article, "an article is found by its id");
    const Base less = base.without(id);
    must(
        less != nullptr && less->articles().size() + 1 == base.articles().size() && !less->find(id),
        "an article that was removed is gone");
    mustBeBase(KnowledgeBase::parse(less->dump()));
}

void checkContext(const KnowledgeBase& base, std::string_view pattern) {
    const auto parsed = text::KnowledgeTemplate::parse(pattern);
    if (const auto* mistakes = std::get_if<Mistakes>(&parsed)) {
        checkMistakes(*mistakes);
        return;
    }
    std::vector<const text::Article*> articles;
    for (std::size_t i = 0; i < std::min<std::size_t>(base.articles().size(), 3); ++i) {
        articles.push_back(&base.articles()[i]);
    }
    const std::string block =
        std::get<text::KnowledgeTemplate>(parsed).render(articles, "level", 7);
    must(text::isValidUtf8(block), "what the model is told is UTF-8");
    must(!articles.empty() || block.empty(), "without articles nothing is told");
}

void checkBase(const KnowledgeBase& base, std::string_view query) {
    const std::string written = base.dump();
    must(mustBeBase(KnowledgeBase::parse(written))->dump() == written,
         "a base that is written is read again as the same");
    if (text::isValidUtf8(query)) {
        checkMatch(base, query);
        checkSearch(base, query);
    } else {
        base.match(query, 3);
        base.search(query, 3);
    }
    const auto articles = static_cast<std::uint32_t>(base.articles().size());
    for (std::uint32_t i = 0; i < std::min(articles, 3U); ++i) {
        checkArticle(base, i);
        checkWithout(base, i);
    }
    checkContext(base, query);
}

void checkDraft(std::string_view json) {
    const auto result = text::parseArticle(json);
    if (const auto* mistakes = std::get_if<Mistakes>(&result)) {
        checkMistakes(*mistakes);
        return;
    }
    auto draft = std::get<text::ArticleDraft>(result);
    draft.article.id = draft.article.id.empty() ? "made" : draft.article.id;
    const Base empty = mustBeBase(KnowledgeBase::parse(R"({"keywords":{},"articles":[]})"));
    const Base base = mustBeBase(empty->with(draft.article, draft.keywords));
    checkArticle(*base, 0);
}

}  // namespace
}  // namespace edgerun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace edgerun;
    const std::string_view input = fuzz::textOf(data, size);
    const std::string_view file = input.substr(0, input.find('\0'));
    const std::string_view query = input.substr(std::min(file.size() + 1, input.size()));
    const auto result = text::KnowledgeBase::parse(file);
    if (const auto* mistakes = std::get_if<fuzz::Mistakes>(&result)) {
        fuzz::checkMistakes(*mistakes);
    } else {
        fuzz::checkBase(*std::get<fuzz::Base>(result), query);
    }
    fuzz::checkDraft(file);
    return 0;
}
