#include <unordered_map>
#include <unordered_set>

#include "article_rules.h"
#include "edgerun/text/json.h"
#include "edgerun/text/knowledge_base.h"
#include "edgerun/text/utf8.h"
#include "knowledge_limits.h"

namespace edgerun::text {
namespace {

/// Member by member, in the order of the object.
template <class Visit>
void forEachMember(const json_t* object, Visit visit) {
    auto* members = const_cast<json_t*>(object);
    for (void* at = json_object_iter(members); at != nullptr;
         at = json_object_iter_next(members, at)) {
        visit(std::string_view(json_object_iter_key(at)), json_object_iter_value(at));
    }
}

template <class Visit>
void forEachElement(const json_t* array, Visit visit) {
    for (std::size_t i = 0; i < json_array_size(array); ++i) {
        visit(json_array_get(array, i));
    }
}

void refuseUnknownMembers(const json_t* object, const std::vector<std::string_view>& known,
                          const Subject& subject) {
    forEachMember(object, [&](std::string_view name, const json_t*) {
        for (const std::string_view one : known) {
            if (name == one) {
                return;
            }
        }
        subject.wrong("unknown member " + quoted(name));
    });
}

/// nullptr, and what is wrong is said, unless it is a string.
const json_t* requireString(const json_t* object, const char* member, const Subject& subject) {
    const json_t* value = json_object_get(object, member);
    if (value == nullptr) {
        subject.wrong("\"" + std::string(member) + "\" is missing");
    } else if (!json_is_string(value)) {
        subject.wrong("\"" + std::string(member) + "\" must be a string");
        value = nullptr;
    }
    return value;
}

/// An optional list of strings.
template <class Visit>
void readStrings(const json_t* object, const char* member, const Subject& subject, Visit visit) {
    const json_t* list = json_object_get(object, member);
    if (list == nullptr) {
        return;
    }
    if (!json_is_array(list)) {
        subject.wrong("\"" + std::string(member) + "\" must be a list of strings");
        return;
    }
    bool areStrings = true;
    forEachElement(list, [&](const json_t* element) {
        areStrings &= json_is_string(element);
        if (json_is_string(element)) {
            visit(stringOf(element));
        }
    });
    if (!areStrings) {
        subject.wrong("\"" + std::string(member) + "\" must be a list of strings");
    }
}

/// All but the id.
void readContents(const json_t* object, Article& article, const Subject& subject) {
    if (const json_t* title = requireString(object, "title", subject)) {
        article.title = stringOf(title);
        checkTitle(article.title, subject);
    }
    if (json_object_get(object, "category") != nullptr) {
        article.category = stringOf(requireString(object, "category", subject));
        checkCategory(article.category, subject);
    }
    readStrings(object, "tags", subject, [&](std::string_view tag) {
        article.tags.emplace_back(tag);
        checkTag(tag, subject);
    });
    checkTagCount(article.tags.size(), subject);
    if (const json_t* text = requireString(object, "text", subject)) {
        article.text = stringOf(text);
        checkText(article.text, subject);
    }
}

using IdNumbers = std::unordered_map<std::string_view, std::uint32_t>;

/// What a file says, and what is wrong with it.
class FileReader {
public:
    void read(const json_t* file) {
        const Subject whole{"", mistakes_};
        if (!json_is_object(file)) {
            whole.wrong("it must be an object with \"keywords\" and \"articles\"");
            return;
        }
        refuseUnknownMembers(file, {"keywords", "articles"}, whole);
        readArticles(json_object_get(file, "articles"), whole);
        readKeywords(json_object_get(file, "keywords"), whole);
    }

    Mistakes& mistakes() { return mistakes_; }
    std::vector<Article>& articles() { return articles_; }
    std::vector<Keyword>& keywords() { return keywords_; }

private:
    void readArticles(const json_t* list, const Subject& whole) {
        if (!json_is_array(list)) {
            whole.wrong("\"articles\" must be a list of articles");
            return;
        }
        const std::size_t count = json_array_size(list);
        if (count > KnowledgeBase::kMostArticles) {
            whole.wrong("there are " + std::to_string(count) + " articles, more than " +
                        std::to_string(KnowledgeBase::kMostArticles));
            return;
        }
        articles_.reserve(count);
        forEachElement(list, [&](const json_t* article) { readArticle(article); });
    }

    /// Its id counts even if it is none: what names it is not wrong as well.
    void readArticle(const json_t* object) {
        const auto number = static_cast<std::uint32_t>(articles_.size());
        Article& article = articles_.emplace_back();
        const Subject nameless{"article number " + std::to_string(number + 1) + ": ", mistakes_};
        if (!json_is_object(object)) {
            nameless.wrong("it must be an object");
            return;
        }
        const json_t* id = requireString(object, "id", nameless);
        const Subject subject{
            id != nullptr ? "article " + quoted(stringOf(id)) + ": " : nameless.name, mistakes_};
        refuseUnknownMembers(object, {"id", "title", "category", "tags", "text"}, subject);
        if (id != nullptr) {
            article.id = stringOf(id);
            checkId(article.id, subject);
            const auto [first, isNew] = numbers_.emplace(stringOf(id), number);
            if (!isNew) {
                subject.wrong("its id is that of article number " +
                              std::to_string(first->second + 1) + " too");
            }
        }
        readContents(object, article, subject);
    }

    void readKeywords(const json_t* object, const Subject& whole) {
        if (!json_is_object(object)) {
            whole.wrong("\"keywords\" must be an object: phrases, and lists of article ids");
            return;
        }
        const std::size_t count = json_object_size(object);
        if (count > KnowledgeBase::kMostKeywords) {
            whole.wrong("there are " + std::to_string(count) + " keywords, more than " +
                        std::to_string(KnowledgeBase::kMostKeywords));
            return;
        }
        keywords_.reserve(count);
        forEachMember(object, [&](std::string_view phrase, const json_t* ids) {
            phrases_.add(phrase, 0, mistakes_);
            keywords_.push_back({std::string(phrase), articlesOf(phrase, ids)});
        });
    }

    std::vector<std::uint32_t> articlesOf(std::string_view phrase, const json_t* ids) {
        const auto wrong = [&](const std::string& what) {
            mistakes_.add("keyword " + quoted(phrase) + ": " + what);
        };
        std::vector<std::uint32_t> articles;
        if (!json_is_array(ids) || json_array_size(ids) == 0) {
            wrong("it must have a list of article ids, of one at least");
            return articles;
        }
        std::unordered_set<std::string_view> named;
        forEachElement(ids, [&](const json_t* id) {
            const auto article = numbers_.find(stringOf(id));
            if (!json_is_string(id)) {
                wrong("an article id must be a string");
            } else if (!named.insert(stringOf(id)).second) {
                wrong("it names article " + quoted(stringOf(id)) + " twice");
            } else if (article == numbers_.end()) {
                wrong("there is no article " + quoted(stringOf(id)));
            } else {
                articles.push_back(article->second);
            }
        });
        return articles;
    }

    Mistakes mistakes_;
    std::vector<Article> articles_;
    std::vector<Keyword> keywords_;
    IdNumbers numbers_;
    PhraseSet phrases_;
};

std::vector<std::string> told(const JsonFault& fault) {
    return {"line " + std::to_string(fault.line) + ": " + fault.message};
}

/// What is nested deeper than it may be is told by its name, unless it is absurd.
constexpr std::size_t kMostDepth = 16;
constexpr JsonLimits kFileLimits{KnowledgeBase::kMostBytes, kMostDepth, kMostValues};
/// Its text may be written with an escape for each byte.
constexpr JsonLimits kArticleLimits{8 * 1024 * 1024, kMostDepth};

}  // namespace

std::variant<std::shared_ptr<const KnowledgeBase>, std::vector<std::string>> KnowledgeBase::parse(
    std::string_view json) {
    auto parsed = parseJsonOrTell(json, kFileLimits);
    if (const auto* fault = std::get_if<JsonFault>(&parsed)) {
        return told(*fault);
    }
    FileReader reader;
    reader.read(std::get<JsonPtr>(parsed).get());
    if (!reader.mistakes().empty()) {
        return reader.mistakes().take();
    }
    return std::shared_ptr<const KnowledgeBase>(
        new KnowledgeBase(std::move(reader.articles()), std::move(reader.keywords())));
}

std::variant<ArticleDraft, std::vector<std::string>> parseArticle(std::string_view json) {
    auto parsed = parseJsonOrTell(json, kArticleLimits);
    if (const auto* fault = std::get_if<JsonFault>(&parsed)) {
        return told(*fault);
    }
    const json_t* object = std::get<JsonPtr>(parsed).get();
    Mistakes mistakes;
    const Subject subject{"", mistakes};
    ArticleDraft draft;
    if (!json_is_object(object)) {
        subject.wrong("it must be an object");
        return mistakes.take();
    }
    refuseUnknownMembers(object, {"id", "title", "category", "tags", "text", "keywords"}, subject);
    if (json_object_get(object, "id") != nullptr) {
        if (const json_t* id = requireString(object, "id", subject)) {
            draft.article.id = stringOf(id);
            checkId(draft.article.id, subject);
        }
    }
    readContents(object, draft.article, subject);
    PhraseSet phrases;
    readStrings(object, "keywords", subject, [&](std::string_view phrase) {
        phrases.add(phrase, 0, mistakes);
        draft.keywords.emplace_back(phrase);
    });
    if (!mistakes.empty()) {
        return mistakes.take();
    }
    return draft;
}

}  // namespace edgerun::text
