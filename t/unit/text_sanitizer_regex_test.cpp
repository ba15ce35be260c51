#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "edgerun/text/sanitizer.h"
#include "text_repeated.h"

/// Regexes of rules: what they take away, and that no text makes them work without end.
namespace edgerun::text {
namespace {

using Cleaned = std::optional<std::string>;

Cleaned cleaned(std::vector<std::string> regexes, std::string_view answer) {
    SanitizerRules rules = defaultSanitizerRules();
    rules.fallback.clear();
    rules.regexes = std::move(regexes);
    auto made = Sanitizer::create(std::move(rules));
    return std::get<std::unique_ptr<Sanitizer>>(made)->clean(answer);
}

TEST(SanitizerRegex, RemovesAllThatMatches) {
    EXPECT_EQ(cleaned({R"( ?\[\d+\])"}, "Rates rise [1] for long [23]."), "Rates rise for long.");
    EXPECT_EQ(cleaned({R"((?s)<think>.*?</think>)"}, "<think>a\n\nb</think>Yes.<think></think>"),
              "Yes.");
    EXPECT_EQ(cleaned({"x"}, "no match"), "no match");
    EXPECT_EQ(cleaned({"."}, "all of it"), "");
}

TEST(SanitizerRegex, LooksAtEveryLine) {
    EXPECT_EQ(cleaned({"^Source:.*$"}, "a\nSource: b\nc\nSource: d"), "a\n\nc");
    EXPECT_EQ(cleaned({"b$"}, "a b\r\nc b\r\nd"), "a \r\nc \r\nd");
}

TEST(SanitizerRegex, KnowsUnicode) {
    EXPECT_EQ(cleaned({R"(\bgr(ü|ue)n\b ?)"}, "Das grüne Haus ist grün gestrichen."),
              "Das grüne Haus ist gestrichen.");
    EXPECT_EQ(cleaned({"(?i)ÜBER"}, "a über b"), "a  b");
    EXPECT_EQ(cleaned({"[\\x{1F300}-\\x{1FAFF}]"}, "a\U0001F600\U0001F680b"), "ab");
    EXPECT_EQ(cleaned({"\\w+ "}, "süß ist über"), "über");
    EXPECT_EQ(cleaned({"."}, "\U0001F600"), "");
    EXPECT_EQ(cleaned({"^.{2}"}, "\U0001F600üx"), "x");
}

TEST(SanitizerRegex, EachSeesWhatTheOneBeforeHasLeft) {
    EXPECT_EQ(cleaned({"b", "ac"}, "xabcx"), "xx");
    EXPECT_EQ(cleaned({"ac", "b"}, "xabcx"), "xacx");
}

TEST(SanitizerRegex, GoesBeforeTheRulesForLines) {
    EXPECT_EQ(cleaned({R"( ?\[\d+\])"}, "Executive Summary [1]\nRates rise."), "Rates rise.");
    EXPECT_EQ(cleaned({R"((?m)^> )"}, "> Red Team: a\n> \n> \n> b"), "a\n\nb");
}

TEST(SanitizerRegex, LooksIntoCodeToo) {
    EXPECT_EQ(cleaned({"secret"}, "```\nsecret code\n```"), "```\n code\n```");
}

TEST(SanitizerRegex, AnEmptyMatchIsNone) {
    EXPECT_EQ(cleaned({"a*"}, "baab"), "bb");
    EXPECT_EQ(cleaned({"^"}, "a\nb"), "a\nb");
    EXPECT_EQ(cleaned({"(?=a)"}, "aaa"), "aaa");
    EXPECT_EQ(cleaned({"a*?"}, "aaa"), "");
    EXPECT_EQ(cleaned({"|a"}, "aba"), "b");
}

TEST(SanitizerRegex, AMatchMayBeginLaterThanItIsFound) {
    EXPECT_EQ(cleaned({R"(Source: \Kall)"}, "Source: all of it"), "Source:  of it");
    EXPECT_EQ(cleaned({R"((?<=a)b)"}, "abb"), "ab");
}

TEST(SanitizerRegex, SomethingTakenAwayMayCallForTheFallback) {
    SanitizerRules rules;
    rules.regexes = {"[aeiou]"};
    rules.fallback = "Nothing to say.";
    const auto made = Sanitizer::create(rules);
    const auto& sanitizer = *std::get<0>(made);
    EXPECT_EQ(sanitizer.clean("Paris."), "Nothing to say.");
    EXPECT_EQ(sanitizer.clean("Prs."), "Prs.");
}

struct Hostile {
    const char* regex;
    std::string text;
};

/// Each of these needs ages, or memory without end, unless something stops it.
TEST(SanitizerRegex, WithoutAnEndTheAnswerFails) {
    const std::string many(300'000, 'a');
    const Hostile table[] = {
        {"(?:a+a+)+[yz]", std::string(5000, 'a') + "!"},  // exponential
        {"a+b", many + "cb"},                             // quadratic, by starts
        {"a*+b", many + "cb"},                            //
        {"(?:a|b)+c", many + "xc"},                       //
        {"(a+)+b", many + "cb"},                          //
        {"(.+)\\1x", many + "\nx"},                       // a back reference
        {"(?s)^(a+)b.*?\\1d",
         std::string(20'000, 'a') + "b" + repeated(std::string(19'999, 'a') + "x", 15) + "d"},
        {"[ab]{50000}", repeated(std::string(49'999, 'a') + "c", 8)},  // fails at its end
        {"(?:[ab]{50000}|x)", repeated(std::string(49'999, 'a') + "c", 8)},
        {"\\((?:[^()]|(?R))*\\)", std::string(300'000, '(') + ")"},  // deep
        {"(?:a|a?)+$", many + "b"},                                  //
        {"(?=(a+))\\1b", many + "cb"},                               //
        {"(?<=a)(a+)b", many + "cb"},                                //
    };
    for (const Hostile& row : table) {
        EXPECT_FALSE(cleaned({row.regex}, row.text).has_value()) << row.regex;
        const std::string withoutJit = "(*NO_JIT)" + std::string(row.regex);
        EXPECT_FALSE(cleaned({withoutJit}, row.text).has_value()) << withoutJit;
    }
}

TEST(SanitizerRegex, AMegabyteIsNotTooMuchForOrdinaryOnes) {
    const std::string sentence =
        "The bank raised its \"rate\" by 25 points [1], and markets rose.\n";
    const std::string text = repeated(sentence, 16'000) + "end";
    for (const char* regex :
         {R"( ?\[\d+\])", "^Source:.*$", R"((?s)<think>.*?</think>)", R"(\b\w+ing\b)",
          R"((["*])nothing\1)", "(?i)as an ai( language)? model[^.\n]*\\.", R"([ \t]+$)",
          R"((?:The|A) (?:Fed|ECB))", R"(\w\x{20000})"}) {
        EXPECT_NE(cleaned({regex}, text), std::nullopt) << regex;
    }
    EXPECT_EQ(cleaned({"(?s)<think>.*?</think>"}, "<think>" + text + "</think>Yes."), "Yes.");
    EXPECT_EQ(cleaned({"."}, std::string(1'000'000, 'a')), "");
}

TEST(SanitizerRegex, AllOfThemShareTheWork) {
    const std::string text(100'000, 'a');
    EXPECT_NE(cleaned({"b?c"}, text), std::nullopt);
    EXPECT_EQ(cleaned(std::vector<std::string>(100, "a?a?a?b|c"), text), std::nullopt);
}

TEST(SanitizerRegex, AfterAFailureOthersAreCleanedAsEver) {
    SanitizerRules rules;
    rules.regexes = {"(?:x+x+)+[yz]"};
    const auto made = Sanitizer::create(rules);
    const auto& sanitizer = *std::get<0>(made);
    EXPECT_EQ(sanitizer.clean(std::string(5000, 'x') + "!"), std::nullopt);
    EXPECT_EQ(sanitizer.clean("axxyb"), "ab");
}

}  // namespace
}  // namespace edgerun::text
