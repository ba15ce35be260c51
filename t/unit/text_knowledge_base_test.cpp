#include "edgerun/text/knowledge_base.h"

#include <gtest/gtest.h>

#include "edgerun/text/utf8.h"
#include "text_knowledge_base_text.h"
#include "text_repeated.h"

namespace edgerun::text {
namespace {

constexpr const char* kBase = R"({
  "keywords": {
    "interest rate": ["rates", "bank"],
    "Inflation": ["prices"],
    " CPI": ["prices", "rates"]
  },
  "articles": [
    {"id": "prices", "title": "Prices", "text": "They rise.\n\tAll of them.\r\n"},
    {"id": "rates", "title": "Rates", "category": "Money", "tags": ["bank", "central"], "text": ""},
    {"id": "bank", "title": "\"Die Bank\" \\ größer 𝄞", "category": "", "tags": [], "text": "x"}
  ]
})";

std::string article(const std::string& members) {
    return R"({"keywords": {}, "articles": [{)" + members + "}]}";
}

std::string withTitle(const std::string& title) {
    return article(R"("id": "a", "text": "", "title": ")" + title + "\"");
}

std::string withText(const std::string& text) {
    return article(R"("id": "a", "title": "A", "text": ")" + text + "\"");
}

std::string withId(const std::string& id) {
    return article(R"("title": "A", "text": "", "id": ")" + id + "\"");
}

std::string withTags(const std::string& tags) {
    return article(R"("id": "a", "title": "A", "text": "", "tags": )" + tags);
}

std::string withKeywords(const std::string& keywords) {
    return R"({"keywords": )" + keywords +
           R"(, "articles": [{"id": "a", "title": "A", "text": ""}]})";
}

TEST(KnowledgeBase, HoldsArticlesAndKeywordsInTheOrderOfTheFile) {
    const auto base = baseOf(kBase);
    ASSERT_EQ(base->articles().size(), 3U);
    EXPECT_EQ(base->articles()[0].id, "prices");
    EXPECT_EQ(base->articles()[0].text, "They rise.\n\tAll of them.\r\n");
    EXPECT_EQ(base->articles()[1].category, "Money");
    EXPECT_EQ(base->articles()[1].tags, (std::vector<std::string>{"bank", "central"}));
    EXPECT_EQ(base->articles()[2].title, "\"Die Bank\" \\ größer 𝄞");
    ASSERT_EQ(base->keywords().size(), 3U);
    EXPECT_EQ(base->keywords()[0].phrase, "interest rate");
    EXPECT_EQ(base->keywords()[0].articles, (std::vector<std::uint32_t>{1, 2}));
    EXPECT_EQ(base->keywords()[2].phrase, " CPI");
    EXPECT_EQ(base->keywords()[2].articles, (std::vector<std::uint32_t>{0, 1}));
}

TEST(KnowledgeBase, FindsArticlesByTheirIdAndKeywordsByTheirArticle) {
    const auto base = baseOf(kBase);
    EXPECT_EQ(base->find("prices"), 0U);
    EXPECT_EQ(base->find("bank"), 2U);
    for (const char* id : {"", "Bank", "ban", "bank "}) {
        EXPECT_FALSE(base->find(id)) << id;
    }
    EXPECT_EQ(base->keywordsOf(0), (std::vector<std::string_view>{"Inflation", " CPI"}));
    EXPECT_EQ(base->keywordsOf(1), (std::vector<std::string_view>{"interest rate", " CPI"}));
    EXPECT_EQ(base->keywordsOf(2), (std::vector<std::string_view>{"interest rate"}));
}

TEST(KnowledgeBase, MayBeEmpty) {
    const auto base = baseOf(R"({"articles": [], "keywords": {}})");
    EXPECT_EQ(base->match("anything", 3), std::vector<std::uint32_t>{});
    EXPECT_TRUE(base->search("anything", 3).empty());
    EXPECT_FALSE(base->find("a"));
    EXPECT_EQ(base->dump(), "{\n  \"keywords\": {},\n  \"articles\": []\n}\n");
    EXPECT_EQ(mistakesOf(base->dump()), "");
}

TEST(KnowledgeBase, TakesWhatIsJustWithinItsLimits) {
    const std::string clefs = repeated("\U0001D11E", 500);
    for (const std::string& json : {
             withTitle(clefs),
             withText(""),
             withText(R"(\n\t\r)"),
             withText(std::string(1024 * 1024, 'x')),
             withId(std::string(128, '.')),
             withId("..."),
             withId("AZaz09_-."),
             withTags("[]"),
             withTags("[" + repeated("\"t\",", 49) + "\"" + clefs.substr(0, 800) + "\"]"),
             article(R"("id": "a", "title": "A", "text": "", "category": ")" +
                     clefs.substr(0, 800) + "\""),
             withKeywords(R"({")" + clefs.substr(0, 800) + R"(": ["a"]})"),
             withKeywords(R"({"a b": ["a"], "a  b": ["a"], "b": ["a"]})"),
         }) {
        EXPECT_EQ(mistakesOf(json), "") << json.substr(0, 200);
    }
}

TEST(KnowledgeBase, TellsWhatIsWrongWithAnArticle) {
    constexpr const char* kIdRule =
        ": its id must be 1 to 128 letters, digits, \"_\", \"-\" and \".\", and not \".\" or "
        "\"..\"\n";
    const struct {
        std::string json;
        std::string mistakes;
    } cases[] = {
        {article(""),
         "article number 1: \"id\" is missing\narticle number 1: \"title\" is missing\n"
         "article number 1: \"text\" is missing\n"},
        {R"({"keywords": {}, "articles": [7]})", "article number 1: it must be an object\n"},
        {article(R"("id": 1, "title": 2, "text": 3, "category": 4, "tags": 5)"),
         "article number 1: \"id\" must be a string\narticle number 1: \"title\" must be a string\n"
         "article number 1: \"category\" must be a string\n"
         "article number 1: \"tags\" must be a list of strings\n"
         "article number 1: \"text\" must be a string\n"},
        {article(R"("id": "a", "title": "A", "text": null, "titel": "B", "b\u0007": 1)"),
         "article \"a\": unknown member \"titel\"\narticle \"a\": unknown member \"b?\"\n"
         "article \"a\": \"text\" must be a string\n"},
        {withId(""), std::string("article \"\"") + kIdRule},
        {withId("."), std::string("article \".\"") + kIdRule},
        {withId(".."), std::string("article \"..\"") + kIdRule},
        {withId("a/b"), std::string("article \"a/b\"") + kIdRule},
        {withId("a b"), std::string("article \"a b\"") + kIdRule},
        {withId("a\u0085\u007F"), std::string("article \"a??\"") + kIdRule},
        {withId("ä"), std::string("article \"ä\"") + kIdRule},
        {withId(R"(a\u0000b)"),
         "line 1: \\u0000 is not allowed without JSON_ALLOW_NUL near '\"a\\u0000b\"'\n"},
        {withId(std::string(129, 'a')), "article \"" + std::string(60, 'a') + "...\"" + kIdRule},
        {withTitle(""), "article \"a\": its title is empty\n"},
        {withTitle("  "), "article \"a\": its title is empty\n"},
        {withTitle(std::string(501, 't')),
         "article \"a\": its title has 501 characters, more than 500\n"},
        {withTitle(R"(a\nb)"), "article \"a\": its title has control characters or line ends\n"},
        {withTitle("a\u0085"), "article \"a\": its title has control characters or line ends\n"},
        {article(R"("id": "a", "title": "A", "text": "", "category": "\t")"),
         "article \"a\": its category has control characters or line ends\n"},
        {article(R"("id": "a", "title": "A", "text": "", "category": ")" + std::string(201, 'c') +
                 "\""),
         "article \"a\": its category has 201 characters, more than 200\n"},
        {withTags("[1, \"\", \"x\\u007f\", \"" + std::string(201, 't') + "\", {}]"),
         "article \"a\": a tag of it is empty\n"
         "article \"a\": a tag of it has control characters or line ends\n"
         "article \"a\": a tag of it has 201 characters, more than 200\n"
         "article \"a\": \"tags\" must be a list of strings\n"},
        {withTags("[" + repeated("\"t\",", 50) + "\"t\"]"),
         "article \"a\": it has 51 tags, more than 50\n"},
        {withText(R"(a\u0001)"),
         "article \"a\": its text has control characters other than line ends and tabs\n"},
        {withText("\u009F"),
         "article \"a\": its text has control characters other than line ends and tabs\n"},
        {withText(std::string(1024 * 1024 + 1, 'x')),
         "article \"a\": its text has 1048577 bytes, more than 1048576\n"},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(mistakesOf(one.json), one.mistakes) << one.json.substr(0, 200);
    }
}

TEST(KnowledgeBase, TellsWhatIsWrongWithKeywords) {
    const struct {
        const char* keywords;
        const char* mistakes;
    } cases[] = {
        {"[]", "\"keywords\" must be an object: phrases, and lists of article ids\n"},
        {R"({"x": "a"})", "keyword \"x\": it must have a list of article ids, of one at least\n"},
        {R"({"x": []})", "keyword \"x\": it must have a list of article ids, of one at least\n"},
        {R"({"x": ["a", "b", "A"]})",
         "keyword \"x\": there is no article \"b\"\nkeyword \"x\": there is no article \"A\"\n"},
        {R"({"x": [1, null, "a"]})",
         "keyword \"x\": an article id must be a string\n"
         "keyword \"x\": an article id must be a string\n"},
        {R"({"x": ["a", "a"]})", "keyword \"x\": it names article \"a\" twice\n"},
        {R"({"": ["a"]})", "keyword \"\": it is empty\n"},
        {R"({"  ": ["a"]})", "keyword \"  \": it is empty\n"},
        {R"({"x\ny": ["a"]})", "keyword \"x?y\": it has control characters or line ends\n"},
        {R"({"Größe": ["a"], "gRÖSSE": ["a"], "GRÖßE": ["a"]})",
         "keyword \"GRÖßE\": it stands there twice, but for case or blanks around\n"},
        {R"({"x": ["a"], " x": ["a"], "X  ": ["a"]})",
         "keyword \" x\": it stands there twice, but for case or blanks around\n"
         "keyword \"X  \": it stands there twice, but for case or blanks around\n"},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(mistakesOf(withKeywords(one.keywords)), one.mistakes) << one.keywords;
    }
    EXPECT_EQ(
        mistakesOf(withKeywords(R"({")" + std::string(201, 'k') + R"(": ["a"]})")),
        "keyword \"" + std::string(60, 'k') + "...\": it has 201 characters, more than 200\n");
}

TEST(KnowledgeBase, TellsWhatIsWrongWithTheWhole) {
    const struct {
        const char* json;
        const char* mistakes;
    } cases[] = {
        {"", "line 1: unexpected token near end of file\n"},
        {"{\n\"keywords\": {},\n}", "line 3: string or '}' expected near '}'\n"},
        {"[]", "it must be an object with \"keywords\" and \"articles\"\n"},
        {"{}",
         "\"articles\" must be a list of articles\n"
         "\"keywords\" must be an object: phrases, and lists of article ids\n"},
        {R"({"keywords": {}, "articles": {}, "more": 1})",
         "unknown member \"more\"\n\"articles\" must be a list of articles\n"},
        {R"({"keywords": {"a": ["x"], "a": ["x"]}, "articles": []})",
         "line 1: duplicate object key near '\"a\"'\n"},
        {R"({"keywords": {}, "articles": [[[[[[]]]]]]})",
         "article number 1: it must be an object\n"},
        {"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "line 1: it is too large, or nested too deeply\n"},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(mistakesOf(one.json), one.mistakes) << one.json;
    }
}

TEST(KnowledgeBase, TellsAllMistakesAtOnceThoseOfArticlesFirst) {
    EXPECT_EQ(mistakesOf(R"({
        "keywords": {"one": ["a", "x"], "two": ["no id"], "three": []},
        "articles": [{"id": "a", "title": "A", "text": ""},
                     {"id": "no id", "title": "B", "text": ""},
                     {"id": "a", "title": "", "text": ""}]})"),
              "article \"no id\": its id must be 1 to 128 letters, digits, \"_\", \"-\" and "
              "\".\", and not \".\" or \"..\"\n"
              "article \"a\": its id is that of article number 1 too\n"
              "article \"a\": its title is empty\n"
              "keyword \"one\": there is no article \"x\"\n"
              "keyword \"three\": it must have a list of article ids, of one at least\n");
}

TEST(KnowledgeBase, TellsTheFirstFiftyOfManyMistakesAndHowManyThereAre) {
    const std::string fifty = repeated("7,", 49) + "7";
    const auto told = [](const std::string& articles) {
        const auto result =
            KnowledgeBase::parse(R"({"keywords": {}, "articles": [)" + articles + "]}");
        return std::get<std::vector<std::string>>(result);
    };
    EXPECT_EQ(told(fifty).size(), 50U);
    EXPECT_EQ(told(fifty).back(), "article number 50: it must be an object");
    EXPECT_EQ(told(fifty + "," + fifty).size(), 51U);
    EXPECT_EQ(told(fifty + "," + fifty).back(), "and 50 more mistakes, 100 in all");
}

TEST(KnowledgeBase, RefusesMoreArticlesOrKeywordsThanItTakes) {
    EXPECT_EQ(mistakesOf(R"({"keywords": {}, "articles": [)" + repeated("0,", 100'000) + "0]}"),
              "there are 100001 articles, more than 100000\n");
    std::string keywords = "{";
    for (std::size_t i = 0; i <= KnowledgeBase::kMostKeywords; ++i) {
        keywords += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":0";
    }
    EXPECT_EQ(mistakesOf(withKeywords(keywords + "}")),
              "there are 1000001 keywords, more than 1000000\n");
}

TEST(KnowledgeBase, IsWrittenReadablyAndReadAgainAsTheSame) {
    const auto base = baseOf(kBase);
    EXPECT_EQ(base->dump(), R"({
  "keywords": {
    "interest rate": ["rates", "bank"],
    "Inflation": ["prices"],
    " CPI": ["prices", "rates"]
  },
  "articles": [
    {
      "id": "prices",
      "title": "Prices",
      "text": "They rise.\n\tAll of them.\r\n"
    },
    {
      "id": "rates",
      "title": "Rates",
      "category": "Money",
      "tags": ["bank", "central"],
      "text": ""
    },
    {
      "id": "bank",
      "title": "\"Die Bank\" \\ größer 𝄞",
      "text": "x"
    }
  ]
}
)");
    EXPECT_EQ(baseOf(base->dump())->dump(), base->dump());
}

TEST(KnowledgeBase, ShowsArticlesToClientsWithAllTheirMembers) {
    const auto base = baseOf(kBase);
    EXPECT_EQ(dumpArticle(*base, 1),
              R"({"id":"rates","title":"Rates","category":"Money","tags":["bank","central"],)"
              R"("text":"","keywords":["interest rate"," CPI"]})");
    EXPECT_EQ(dumpArticle(*base, 2),
              R"({"id":"bank","title":"\"Die Bank\" \\ größer 𝄞","category":"","tags":[],)"
              R"("text":"x","keywords":["interest rate"]})");
    EXPECT_EQ(dumpArticleSummary(*base, 1),
              R"({"id":"rates","title":"Rates","category":"Money","tags":["bank","central"]})");
}

}  // namespace
}  // namespace edgerun::text
