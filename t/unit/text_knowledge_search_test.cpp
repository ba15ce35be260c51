#include <gtest/gtest.h>

#include <random>

#include "edgerun/text/case_fold.h"
#include "edgerun/text/json.h"
#include "edgerun/text/utf8.h"
#include "text_knowledge_base_text.h"
#include "text_repeated.h"

namespace edgerun::text {
namespace {

constexpr const char* kBase = R"({
  "keywords": {
    "interest rate": ["rates", "bank"],
    "inflation": ["prices", "rates"],
    "rate": ["bank"],
    "ставка": ["bank"]
  },
  "articles": [
    {"id": "prices", "title": "Why Prices Rise", "category": "Economy", "text": "of prices"},
    {"id": "rates", "title": "Rates", "category": "Money", "tags": ["ECB", "central bank"],
     "text": "of rates"},
    {"id": "bank", "title": "Banks", "category": "Money", "tags": ["ECB"], "text": "of banks"},
    {"id": "gold", "title": "Gold, Ölpreis", "category": "Raw materials", "text": "of gold"}
  ]
})";

std::string matched(std::string_view query, std::size_t most) {
    const auto base = baseOf(kBase);
    std::string all;
    for (const std::uint32_t article : base->match(query, most)) {
        all += (all.empty() ? "" : " ") + base->articles()[article].id;
    }
    return all;
}

/// Each article, and in brackets the keywords by which it was found.
std::string searched(std::string_view query, std::size_t limit = 10) {
    const auto base = baseOf(kBase);
    std::string all;
    for (const FoundArticle& found : base->search(query, limit)) {
        all += (all.empty() ? "" : " ") + base->articles()[found.article].id;
        for (const std::string_view keyword : found.matched) {
            all += "[" + std::string(keyword) + "]";
        }
    }
    return all;
}

TEST(KnowledgeMatch, FindsArticlesInTheOrderInWhichTheirKeywordsOccur) {
    const struct {
        const char* query;
        std::size_t most;
        const char* articles;
    } cases[] = {
        {"", 3, ""},
        {"nothing of this", 3, ""},
        {"What is INFLATION?", 3, "prices rates"},
        {"the rate and inflation", 3, "bank prices rates"},
        {"inflation and the rate", 3, "prices rates bank"},
        {"inflation, inflation, interest rate, interest rate", 9, "prices rates bank"},
        {"interest rate", 3, "rates bank"},
        {"corporate", 3, "bank"},
        {"Какая СТАВКА?", 3, "bank"},
        {"inflation and the rate", 2, "prices rates"},
        {"inflation and the rate", 1, "prices"},
        {"inflation and the rate", 0, ""},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(matched(one.query, one.most), one.articles) << one.query << one.most;
    }
}

TEST(KnowledgeSearch, TellsFirstWhatKeywordsFindThenLabelsWithTheWholeQuery) {
    const struct {
        const char* query;
        const char* found;
    } cases[] = {
        {"", ""},
        {"   ", ""},
        {"nothing", ""},
        {"prices", "prices"},
        {"  pRiCeS ", "prices"},
        {"prices rise", "prices"},
        {"prices  rise", ""},
        {"rise economy", ""},
        {"rise\neconomy", ""},
        {"money", "rates bank"},
        {"central BANK", "rates"},
        {"bank", "rates bank"},
        {"ecb", "rates bank"},
        {"ölPREIS", "gold"},
        {"w", "prices gold"},
        {"interest rate", "rates[interest rate] bank[interest rate][rate]"},
        {"rate", "bank[rate] rates"},
        {"inflation by interest rate",
         "prices[inflation] rates[inflation][interest rate] bank[interest rate][rate]"},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(searched(one.query), one.found) << one.query;
    }
}

TEST(KnowledgeSearch, TellsNoMoreThanItsLimitButAllKeywordsOfThese) {
    EXPECT_EQ(searched("inflation by interest rate", 2),
              "prices[inflation] rates[inflation][interest rate]");
    EXPECT_EQ(searched("rate", 1), "bank[rate]");
    EXPECT_EQ(searched("money", 1), "rates");
    EXPECT_EQ(searched("money", 0), "");
    EXPECT_EQ(searched("rate", 0), "");
}

TEST(KnowledgeSearch, FindsEachLabelThatHoldsTheQueryAmongManyArticles) {
    std::mt19937 random(31);
    const char* const syllables[] = {"ka", "lo", "Mi", "ne", "РУ", "sa", "\U00010400", "v"};
    const auto label = [&](std::size_t most) {
        std::string made;
        for (std::size_t i = 0; i <= random() % most; ++i) {
            made += syllables[random() % 8];
        }
        return made;
    };
    std::string json = R"({"keywords": {}, "articles": [)";
    for (int i = 0; i < 700; ++i) {
        json += i > 0 ? "," : "";
        JsonObjectWriter writer(json);
        writer.string("id", std::to_string(i));
        writer.string("title", label(6));
        writer.string("category", label(3));
        writer.raw("tags", "[\"" + label(4) + "\",\"" + label(2) + "\"]");
        writer.string("text", "");
        writer.finish();
    }
    const auto base = baseOf(json + "]}");
    const auto has = [](std::string_view text, const std::string& query) {
        return foldCase(text).find(foldCase(query)) != std::string::npos;
    };
    for (int turn = 0; turn < 300; ++turn) {
        const std::string query = label(5);
        std::vector<std::uint32_t> expected, found;
        for (std::uint32_t i = 0; i < base->articles().size(); ++i) {
            const Article& article = base->articles()[i];
            if (has(article.title, query) || has(article.category, query) ||
                has(article.tags[0], query) || has(article.tags[1], query)) {
                expected.push_back(i);
            }
        }
        for (const FoundArticle& one : base->search(query, 1000)) {
            found.push_back(one.article);
        }
        ASSERT_EQ(found, expected) << query;
    }
}

TEST(KnowledgeSearch, TakesQueriesLongerThanAnyLabel) {
    EXPECT_EQ(searched("Why Prices Rise" + repeated("!", 100'000)), "");
    EXPECT_EQ(searched(repeated(" rate", 20'000)), "bank[rate]");
}

// ------------------------------------------------------------------ excerpts

/// Of an article found by the keyword "key".
std::string excerptOf(const std::string& text) {
    std::string json = R"({"keywords": {"key": ["a"]}, "articles": [)";
    JsonObjectWriter writer(json);
    writer.string("id", "a");
    writer.string("title", "T");
    writer.string("text", text);
    writer.finish();
    const auto found = baseOf(json + "]}")->search("key", 1);
    return found.empty() ? "not found" : found[0].excerpt;
}

TEST(KnowledgeExcerpt, IsAShortTextInOneLine) {
    EXPECT_EQ(excerptOf(""), "");
    EXPECT_EQ(excerptOf("A text."), "A text.");
    EXPECT_EQ(excerptOf("  A\n\n\ttext \r\n of  lines.\n\n"), "A text of lines.");
    EXPECT_EQ(excerptOf(repeated(" \n", 5000)), "");
    EXPECT_EQ(excerptOf(std::string(200, 'x')), std::string(200, 'x'));
    EXPECT_EQ(excerptOf(std::string(201, 'x')), std::string(200, 'x') + "...");
    EXPECT_EQ(excerptOf("A" + repeated("\n", 1000)), "A");
    EXPECT_EQ(excerptOf("A" + repeated("\n", 1000) + "B"), "A...");
    EXPECT_EQ(excerptOf(repeated("\n", 1000) + "key"), "key");
}

TEST(KnowledgeExcerpt, BeginsWithATextThatDoesNotHaveTheKeyword) {
    const std::string words = repeated("word ", 1000);
    EXPECT_EQ(excerptOf(words), repeated("word ", 39) + "word...");
    EXPECT_EQ(excerptOf("\n " + words), repeated("word ", 39) + "word...");
}

TEST(KnowledgeExcerpt, IsAroundTheFirstPlaceOfTheKeyword) {
    const std::string before = repeated("before ", 100);
    const std::string after = repeated("after ", 100);
    EXPECT_EQ(excerptOf(before + "KEY " + after + "key"),
              "..." + repeated("before ", 8) + "KEY " + repeated("after ", 22) + "after...");
    EXPECT_EQ(excerptOf(before + "key"), "..." + repeated("before ", 8) + "key");
    EXPECT_EQ(excerptOf("short key " + after), "short key " + repeated("after ", 30) + "after...");
}

TEST(KnowledgeExcerpt, IsAroundTheFirstOfSeveralKeywords) {
    const std::string text = "rate " + repeated("word ", 200) + "gold " + repeated("word ", 200);
    const auto base = baseOf(R"({"keywords": {"rate": ["a"], "gold": ["a"]}, "articles": [
        {"id": "a", "title": "T", "text": ")" +
                             text + "\"}]}");
    EXPECT_EQ(base->search("gold at a rate", 1)[0].excerpt.substr(0, 10), "...word wo");
    EXPECT_EQ(base->search("rate of gold", 1)[0].excerpt.substr(0, 10), "rate word ");
}

TEST(KnowledgeExcerpt, IsAroundEachArticlesOwnKeyword) {
    const std::string words = repeated("word ", 200);
    const auto base = baseOf(R"({"keywords": {"rate": ["a", "c"], "gold": ["b"]}, "articles": [
        {"id": "a", "title": "T", "text": ")" +
                             words + R"( rate"},
        {"id": "b", "title": "T", "text": ")" +
                             words + R"( gold"},
        {"id": "c", "title": "T", "text": ")" +
                             words + R"( rate."}]})");
    std::string ends;
    for (const FoundArticle& found : base->search("rate of gold", 3)) {
        ends += found.excerpt.substr(found.excerpt.rfind(' '));
    }
    EXPECT_EQ(ends, " rate rate. gold");
}

TEST(KnowledgeExcerpt, CutsWordsThatAreTooLongAndNoCodePoint) {
    const std::string clefs = repeated("\U0001D11E", 500);
    EXPECT_EQ(excerptOf(clefs), clefs.substr(0, 800) + "...");
    EXPECT_EQ(excerptOf(clefs + "key" + clefs),
              "..." + clefs.substr(0, 240) + "key" + clefs.substr(0, 4 * 137) + "...");
    for (std::size_t size = 150; size < 260; ++size) {
        const std::string excerpt = excerptOf(repeated("ä", size) + " key " + clefs);
        EXPECT_TRUE(isValidUtf8(excerpt)) << size;
        EXPECT_LE(countCodePoints(excerpt), 206U) << size;
    }
}

TEST(KnowledgeExcerpt, LooksThroughTheBeginningOfAVeryLongText) {
    const std::string filler = repeated("word ", 12'000);
    EXPECT_EQ(excerptOf(filler + "key").substr(0, 3), "...");
    EXPECT_EQ(excerptOf(filler + filler + "key").substr(0, 3), "wor");
    EXPECT_EQ(excerptOf(repeated("\U0001D11E", 250'000)).size(), 803U);
}

TEST(KnowledgeExcerpt, LooksThroughNoMoreThanTheFirstOfManyLongTexts) {
    const std::string text = repeated("word ", 12'000) + "key";
    std::string articles;
    std::string ids;
    for (const char id : std::string("abcdef")) {
        const std::string separator = articles.empty() ? "" : ",";
        articles += separator + R"({"id": ")" + id + R"(", "title": "T", "text": ")" + text + "\"}";
        ids += separator + '"' + id + '"';
    }
    const auto base =
        baseOf(R"({"keywords": {"key": [)" + ids + R"(]}, "articles": [)" + articles + "]}");
    std::string beginnings;
    for (const FoundArticle& found : base->search("key", 6)) {
        beginnings += found.excerpt.substr(0, 3);
    }
    EXPECT_EQ(beginnings, "............worwor");
}

}  // namespace
}  // namespace edgerun::text
