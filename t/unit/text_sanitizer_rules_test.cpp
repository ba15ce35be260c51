#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "edgerun/text/sanitizer.h"
#include "edgerun/text/utf8.h"

namespace edgerun::text {
namespace {

using Faults = std::vector<std::string>;
using Names = std::vector<std::string>;

SanitizerRules rulesOf(std::string_view json) {
    auto parsed = parseSanitizerRules(json);
    const auto* faults = std::get_if<Faults>(&parsed);
    EXPECT_EQ(faults, nullptr) << faults->front();
    return faults == nullptr ? std::get<SanitizerRules>(parsed) : SanitizerRules{};
}

Faults faultsOf(std::string_view json) {
    auto parsed = parseSanitizerRules(json);
    return std::holds_alternative<Faults>(parsed) ? std::get<Faults>(parsed) : Faults{};
}

Faults faultsOf(SanitizerRules rules) {
    auto made = Sanitizer::create(std::move(rules));
    return std::holds_alternative<Faults>(made) ? std::get<Faults>(made) : Faults{};
}

TEST(SanitizerRules, TheDefaultOnesAreUsable) {
    const SanitizerRules rules = defaultSanitizerRules();
    EXPECT_EQ(faultsOf(rules), Faults{});
    EXPECT_EQ(rules.headings, rules.labels);
    EXPECT_EQ(rules.blocks, (Names{"Note on Risk", "Risk disclaimer"}));
    EXPECT_TRUE(rules.regexes.empty());
    EXPECT_EQ(rules.minimumLength, 40U);
    EXPECT_GE(countCodePoints(rules.fallback), rules.minimumLength);
}

TEST(SanitizerRules, AFileMayNameAllOfThem) {
    const SanitizerRules rules = rulesOf(R"({
        "headings": ["Summary", "Überblick"],
        "labels": ["TL;DR"],
        "blocks": ["Disclaimer:", "> Note", "---"],
        "regexes": ["\\[\\d+\\]", "(?i)\\bfoo\\b"],
        "minimumLength": 0,
        "fallback": "Nothing\nto say."
    })");
    EXPECT_EQ(rules.headings, (Names{"Summary", "Überblick"}));
    EXPECT_EQ(rules.labels, (Names{"TL;DR"}));
    EXPECT_EQ(rules.blocks, (Names{"Disclaimer:", "> Note", "---"}));
    EXPECT_EQ(rules.regexes, (Names{"\\[\\d+\\]", "(?i)\\bfoo\\b"}));
    EXPECT_EQ(rules.minimumLength, 0U);
    EXPECT_EQ(rules.fallback, "Nothing\nto say.");
}

TEST(SanitizerRules, WhatAFileDoesNotNameIsEmpty) {
    const SanitizerRules rules = rulesOf("{}");
    EXPECT_TRUE(rules.headings.empty() && rules.labels.empty() && rules.blocks.empty() &&
                rules.regexes.empty() && rules.fallback.empty());
    EXPECT_EQ(rules.minimumLength, 40U);
}

TEST(SanitizerRules, AllMistakesAreNamedAtOnce) {
    const std::string name = "must be the name alone: ";
    const std::string members = "headings, labels, blocks, regexes, minimumLength and fallback";
    EXPECT_EQ(
        faultsOf(R"({
        "headings": ["", " ", 1, "a\nb", "# Summary", "**Summary**", "Good"],
        "labels": ["Summary:", "1. Summary", "Summary -", "Summary \u2014"],
        "blocks": {"Note": true},
        "regexes": ["(", "", "a", null, "\\C", "[z-a]"],
        "minimumLength": -1,
        "fallback": 1,
        "heading": []
    })"),
        (Faults{
            R"("headings"[0] must be one line of 1 to 200 characters)",
            R"("headings"[1] must be one line of 1 to 200 characters)",
            R"("headings"[2] must be a string)",
            R"("headings"[3] must be one line of 1 to 200 characters)",
            R"("headings"[4] )" + name + R"(a number, "#", "*" or "_" before it is understood)",
            R"("headings"[5] )" + name + R"(a number, "#", "*" or "_" before it is understood)",
            R"("labels"[0] )" + name + "a colon or dash behind it is understood",
            R"("labels"[1] )" + name + R"(a number, "#", "*" or "_" before it is understood)",
            R"("labels"[2] )" + name + "a colon or dash behind it is understood",
            R"("labels"[3] )" + name + "a colon or dash behind it is understood",
            R"("blocks" must be an array of strings)",
            R"("regexes"[0] is no regex: missing closing parenthesis at offset 1)",
            R"("regexes"[1] must be a regex of 1 to 4096 bytes)",
            R"("regexes"[3] must be a string)",
            R"("regexes"[4] is no regex: using \C is disabled by the application at offset 2)",
            R"("regexes"[5] is no regex: range out of order in character class at offset 3)",
            R"("minimumLength" must be a number of characters from 0 to 1000000)",
            R"("fallback" must be a string of at most 10000 characters)",
            R"(unknown member "heading"; it takes )" + members,
        }));
}

TEST(SanitizerRules, HaveLimits) {
    const std::string name(200, 'n');
    EXPECT_EQ(faultsOf(R"({"headings": [")" + name + R"("]})"), Faults{});
    EXPECT_EQ(faultsOf(R"({"headings": [")" + name + R"(n"]})").size(), 1U);
    const std::string fallback(10'000, 'f');
    EXPECT_EQ(faultsOf(R"({"fallback": ")" + fallback + R"("})"), Faults{});
    EXPECT_EQ(faultsOf(R"({"fallback": ")" + fallback + R"(f"})").size(), 1U);
    EXPECT_EQ(faultsOf(R"({"minimumLength": 1000000})"), Faults{});
    EXPECT_EQ(faultsOf(R"({"minimumLength": 1000001})").size(), 1U);
    EXPECT_EQ(faultsOf(R"({"minimumLength": 1.5})").size(), 1U);
    const std::string regex(4096, 'r');
    EXPECT_EQ(faultsOf(R"({"regexes": [")" + regex + R"("]})"), Faults{});
    EXPECT_EQ(faultsOf(R"({"regexes": [")" + regex + R"(r"]})").size(), 1U);
}

TEST(SanitizerRules, ListsMayNotGrowWithoutEnd) {
    SanitizerRules rules;
    rules.blocks.assign(1000, "Note");
    rules.regexes.assign(100, "a");
    EXPECT_EQ(faultsOf(rules), Faults{});
    rules.blocks.emplace_back("Note");
    rules.regexes.emplace_back("a");
    EXPECT_EQ(faultsOf(rules), (Faults{R"("blocks" must have at most 1000 elements)",
                                       R"("regexes" must have at most 100 elements)"}));

    std::string json = R"({"headings": ["a")";
    for (int more = 0; more < 1000; ++more) {
        json += R"(, "a")";
    }
    EXPECT_EQ(faultsOf(json + "]}"), Faults{R"("headings" must have at most 1000 elements)"});
}

TEST(SanitizerRules, OfVeryManyMistakesTheFirstAreNamed) {
    SanitizerRules rules;
    rules.labels.assign(60, "");
    const Faults faults = faultsOf(rules);
    ASSERT_EQ(faults.size(), 51U);
    EXPECT_EQ(faults.back(), "and 10 more mistakes, 60 in all");
}

TEST(SanitizerRules, AreOneJsonObject) {
    EXPECT_EQ(faultsOf("[]"), Faults{"rules must be one JSON object"});
    EXPECT_EQ(faultsOf("{\n\"headings\": [\"a\" \"b\"]}"),
              Faults{"line 2: ']' expected near '\"b\"'"});
    EXPECT_EQ(faultsOf("").size(), 1U);
    EXPECT_EQ(faultsOf(R"({"headings": [], "headings": []})").size(), 1U);
    EXPECT_EQ(faultsOf("{\"headings\": [\"Caf\xE9\"]}").size(), 1U);
    EXPECT_EQ(faultsOf(R"({"headings": ["a\u0000b"]})").size(), 1U);
    EXPECT_EQ(faultsOf(std::string(kMaxSanitizerRulesBytes, ' ') + "{}").size(), 1U);
}

TEST(SanitizerRules, CreationRefusesWhatAFileCouldNotSay) {
    SanitizerRules rules;
    rules.headings = {"", "Caf\xE9"};
    rules.regexes = {"("};
    EXPECT_EQ(faultsOf(rules),
              (Faults{R"("headings"[0] must be one line of 1 to 200 characters)",
                      R"("headings"[1] must be UTF-8)",
                      R"("regexes"[0] is no regex: missing closing parenthesis at offset 1)"}));
}

TEST(SanitizerRules, FaultsCanBeShown) {
    EXPECT_EQ(faultsOf("{\"a\\u0001b\xC2\x85\": 1}").front().substr(0, 21),
              "unknown member \"a?b?\"");
    for (const std::string json : {"{\"a\": [\xC2\x85", "{\"a\" \"\xC2\x85\n\""}) {
        const Faults faults = faultsOf(json);
        for (const char c : faults.front()) {
            EXPECT_GE(static_cast<unsigned char>(c), 0x20) << json;
            EXPECT_NE(c, '\x85') << json;
        }
    }
}

}  // namespace
}  // namespace edgerun::text
