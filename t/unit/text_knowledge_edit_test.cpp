#include <gtest/gtest.h>

#include "edgerun/text/knowledge_base.h"
#include "text_knowledge_base_text.h"

namespace edgerun::text {
namespace {

constexpr const char* kBase = R"({
  "keywords": {
    "money": ["b", "a"],
    "Only B": ["b"],
    "other": ["c"]
  },
  "articles": [
    {"id": "a", "title": "A", "text": "of a"},
    {"id": "b", "title": "B", "category": "C", "tags": ["t"], "text": "of b"},
    {"id": "c", "title": "C", "text": "of c"}
  ]
})";

Article written(std::string id, std::string title = "New") {
    return {std::move(id), std::move(title), "", {}, "new text"};
}

/// The titles in order, and each keyword with the ids to which it leads.
std::string shown(const KnowledgePtr& base) {
    std::string all;
    for (const Article& article : base->articles()) {
        all += article.id + "=" + article.title + " ";
    }
    for (const Keyword& keyword : base->keywords()) {
        all += "| " + keyword.phrase + ":";
        for (const std::uint32_t article : keyword.articles) {
            all += " " + base->articles()[article].id;
        }
        all += " ";
    }
    return all;
}

std::string with(const Article& article, const std::vector<std::string>& keywords) {
    return shown(baseIn(baseOf(kBase)->with(article, keywords)));
}

TEST(KnowledgeEdit, AddsANewArticleBehindTheOthers) {
    EXPECT_EQ(with(written("d"), {}), "a=A b=B c=C d=New | money: b a | Only B: b | other: c ");
    EXPECT_EQ(with(written("d"), {"fresh", "Other"}),
              "a=A b=B c=C d=New | money: b a | Only B: b | other: c d | fresh: d ");
}

TEST(KnowledgeEdit, PutsAnArticleInThePlaceOfTheOneOfItsId) {
    const auto base = baseIn(baseOf(kBase)->with(written("b"), {"money"}));
    EXPECT_EQ(shown(base), "a=A b=New c=C | money: b a | other: c ");
    EXPECT_EQ(base->articles()[1].category, "");
    EXPECT_TRUE(base->articles()[1].tags.empty());
    EXPECT_EQ(base->articles()[1].text, "new text");
}

TEST(KnowledgeEdit, LetsExactlyTheGivenKeywordsLeadToTheArticle) {
    const struct {
        const char* name;
        const char* id;
        std::vector<std::string> keywords;
        const char* shown;
    } cases[] = {
        {"none", "b", {}, "a=A b=New c=C | money: a | other: c "},
        {"as before",
         "b",
         {"money", "Only B"},
         "a=A b=New c=C | money: b a | Only B: b | other: c "},
        {"others lead there too", "b", {"MONEY"}, "a=A b=New c=C | money: b a | other: c "},
        {"in another order",
         "b",
         {"Only B", "money"},
         "a=A b=New c=C | money: b a | Only B: b | other: c "},
        {"one more behind",
         "c",
         {"other", "money"},
         "a=A b=B c=New | money: b a c | Only B: b | other: c "},
        {"new ones in their order",
         "c",
         {"z", "y"},
         "a=A b=B c=New | money: b a | Only B: b | z: c | y: c "},
        {"its own is written anew",
         "b",
         {" only b"},
         "a=A b=New c=C | money: a |  only b: b | other: c "},
        {"others' stays as it is",
         "c",
         {"MONEY", "only B "},
         "a=A b=B c=New | money: b a c | Only B: b c "},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(with(written(one.id), one.keywords), one.shown) << one.name;
    }
}

TEST(KnowledgeEdit, LeavesTheBaseAsItWas) {
    const auto base = baseOf(kBase);
    const std::string before = base->dump();
    baseIn(base->with(written("b"), {"x"}));
    baseIn(base->with(written("d"), {"x"}));
    ASSERT_NE(base->without("a"), nullptr);
    EXPECT_EQ(base->dump(), before);
    EXPECT_EQ(base->match("only b", 3), std::vector<std::uint32_t>{1});
}

TEST(KnowledgeEdit, FindsWhatIsNewAndNoMoreWhatIsGone) {
    const auto base = baseIn(baseOf(kBase)->with(written("b", "Gold"), {"silver"}));
    EXPECT_EQ(base->find("b"), 1U);
    EXPECT_EQ(base->match("SILVER or only b", 3), std::vector<std::uint32_t>{1});
    EXPECT_EQ(base->search("gold", 3).size(), 1U);
    EXPECT_TRUE(base->search("only b", 3).empty());
    EXPECT_EQ(base->keywordsOf(1), std::vector<std::string_view>{"silver"});
}

TEST(KnowledgeEdit, RefusesWhatAFileMayNotHoldAndTellsAllOfIt) {
    const auto base = baseOf(kBase);
    Article bad{"a b", "", "c\n", {"", "t"}, std::string("\0", 1)};
    EXPECT_EQ(mistakesIn(base->with(bad, {"k", " K", ""})),
              "its id must be 1 to 128 letters, digits, \"_\", \"-\" and \".\", and not \".\" or "
              "\"..\"\n"
              "its title is empty\n"
              "its category has control characters or line ends\n"
              "a tag of it is empty\n"
              "its text has control characters other than line ends and tabs\n"
              "keyword \" K\": it stands there twice, but for case or blanks around\n"
              "keyword \"\": it is empty\n");
    EXPECT_EQ(mistakesIn(base->with({"a", "\xFF", "\xC0\x80", {"\xED\xA0\x80"}, "\xE2\x82"}, {})),
              "its title is no UTF-8\nits category is no UTF-8\na tag of it is no UTF-8\n"
              "its text is no UTF-8\n");
    EXPECT_EQ(mistakesIn(base->with(written("a"), {"\xFF"})), "keyword \"?\": it is no UTF-8\n");
}

TEST(KnowledgeEdit, RefusesOneArticleTooMany) {
    std::string json = R"({"keywords": {}, "articles": [)";
    for (std::size_t i = 0; i < KnowledgeBase::kMostArticles; ++i) {
        json += (i > 0 ? ",{\"id\":\"" : "{\"id\":\"") + std::to_string(i) +
                R"(","title":"t","text":""})";
    }
    const auto base = baseOf(json + "]}");
    EXPECT_EQ(mistakesIn(base->with(written("0"), {"k"})), "");
    EXPECT_EQ(mistakesIn(base->with(written("new"), {"k"})), "there are 100000 articles already\n");
}

TEST(KnowledgeEdit, RefusesOneKeywordTooMany) {
    std::vector<std::string> phrases;
    phrases.reserve(KnowledgeBase::kMostKeywords);
    for (std::size_t i = 0; i < KnowledgeBase::kMostKeywords; ++i) {
        phrases.push_back(std::to_string(i));
    }
    EXPECT_EQ(mistakesIn(baseOf(kBase)->with(written("d"), phrases)),
              "there would be more than 1000000 keywords\n");
}

TEST(KnowledgeEdit, RemovesAnArticleAndTheKeywordsThatLedToItAlone) {
    const auto base = baseOf(kBase);
    const struct {
        const char* id;
        const char* left;
    } cases[] = {
        {"a", "b=B c=C | money: b | Only B: b | other: c "},
        {"b", "a=A c=C | money: a | other: c "},
        {"c", "a=A b=B | money: b a | Only B: b "},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(shown(base->without(one.id)), one.left) << one.id;
    }
    EXPECT_EQ(base->without("d"), nullptr);
    EXPECT_EQ(base->without("A"), nullptr);
    const auto empty = base->without("a")->without("b")->without("c");
    EXPECT_EQ(shown(empty), "");
    EXPECT_EQ(shown(baseIn(empty->with(written("x"), {"y"}))), "x=New | y: x ");
}

TEST(KnowledgeEdit, WritesWhatItReadsAgain) {
    const auto base = baseIn(baseOf(kBase)->with(written("d", "\"quoted\" \\"), {"a\\b", "\"c\""}));
    EXPECT_EQ(shown(baseOf(base->dump())), shown(base));
}

// ------------------------------------------------------------- what a client sends

std::string mistakesOfDraft(std::string_view json) {
    std::string all;
    const auto result = parseArticle(json);
    if (const auto* mistakes = std::get_if<std::vector<std::string>>(&result)) {
        for (const std::string& mistake : *mistakes) {
            all += mistake + "\n";
        }
    }
    return all;
}

TEST(KnowledgeDraft, HasAllMembersOrThoseThatMustBe) {
    const auto full = std::get<ArticleDraft>(parseArticle(
        R"({"id":"x","title":"T","category":"C","tags":["a","b"],"text":"X","keywords":["k"," l"]})"));
    EXPECT_EQ(full.article.id, "x");
    EXPECT_EQ(full.article.title, "T");
    EXPECT_EQ(full.article.category, "C");
    EXPECT_EQ(full.article.tags, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(full.article.text, "X");
    EXPECT_EQ(full.keywords, (std::vector<std::string>{"k", " l"}));
    const auto least = std::get<ArticleDraft>(parseArticle(R"({"title":"T","text":""})"));
    EXPECT_EQ(least.article.id, "");
    EXPECT_TRUE(least.keywords.empty());
}

TEST(KnowledgeDraft, IsWhatClientsAreShown) {
    const auto base = baseOf(kBase);
    const auto draft = std::get<ArticleDraft>(parseArticle(dumpArticle(*base, 1)));
    const auto again = baseIn(base->with(draft.article, draft.keywords));
    EXPECT_EQ(again->dump(), base->dump());
}

TEST(KnowledgeDraft, TellsAllThatIsWrongWithIt) {
    const struct {
        const char* json;
        const char* mistakes;
    } cases[] = {
        {"[]", "it must be an object\n"},
        {"{", "line 1: string or '}' expected near end of file\n"},
        {"{}", "\"title\" is missing\n\"text\" is missing\n"},
        {R"({"id":1,"title":2,"text":3,"category":4,"tags":{},"keywords":"k","more":0})",
         "unknown member \"more\"\n\"id\" must be a string\n\"title\" must be a string\n"
         "\"category\" must be a string\n\"tags\" must be a list of strings\n"
         "\"text\" must be a string\n\"keywords\" must be a list of strings\n"},
        {R"({"id":"","title":"T","text":"","keywords":["k","K ",7]})",
         "its id must be 1 to 128 letters, digits, \"_\", \"-\" and \".\", and not \".\" or "
         "\"..\"\n"
         "keyword \"K \": it stands there twice, but for case or blanks around\n"
         "\"keywords\" must be a list of strings\n"},
        {R"({"title":"T","text":"\u000b"})",
         "its text has control characters other than line ends and tabs\n"},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(mistakesOfDraft(one.json), one.mistakes) << one.json;
    }
}

TEST(KnowledgeDraft, MayHaveATextOfEscapesAlone) {
    std::string json = R"({"title":"T","text":")";
    for (int i = 0; i < 1024 * 1024; ++i) {
        json += "\\u0041";
    }
    EXPECT_EQ(mistakesOfDraft(json + "\"}"), "");
    EXPECT_EQ(mistakesOfDraft(json + "\\u0041\"}"),
              "its text has 1048577 bytes, more than 1048576\n");
}

}  // namespace
}  // namespace edgerun::text
