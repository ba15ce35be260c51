#include <gtest/gtest.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "edgerun/text/sanitizer.h"

namespace edgerun::text {
namespace {

std::unique_ptr<Sanitizer> sanitizerOf(SanitizerRules rules) {
    auto made = Sanitizer::create(std::move(rules));
    return std::move(std::get<std::unique_ptr<Sanitizer>>(made));
}

/// By the default rules, but short answers stay.
std::string cleaned(std::string_view answer) {
    SanitizerRules rules = defaultSanitizerRules();
    rules.fallback.clear();
    return sanitizerOf(rules)->clean(answer).value_or("FAILED");
}

struct Case {
    const char* answer;
    const char* cleaned;
};

void expectCleaned(const std::vector<Case>& cases) {
    for (const Case& row : cases) {
        EXPECT_EQ(cleaned(row.answer), row.cleaned) << row.answer;
    }
}

void expectUntouched(const std::vector<const char*>& answers) {
    for (const char* answer : answers) {
        EXPECT_EQ(cleaned(answer), answer);
    }
}

TEST(Sanitizer, RemovesEachOfTheDefaultHeadings) {
    for (const char* name :
         {"Executive Summary", "Situational Synthesis", "What It Means", "What to Watch",
          "Follow-up Questions", "Red Team", "Red Team Consideration", "Red Team Considerations",
          "Interpretive Note", "Interpretive Notes"}) {
        const std::string heading = name;
        EXPECT_EQ(cleaned("Rates rise.\n\n" + heading + "\n\nFor long."),
                  "Rates rise.\n\nFor long.");
        EXPECT_EQ(cleaned("## **1. " + heading + ":**\nFor long."), "For long.");
        EXPECT_EQ(cleaned(heading + ": for long."), "for long.");
    }
}

TEST(Sanitizer, KnowsAHeadingInEveryDress) {
    for (const char* heading : {"Executive Summary",         "EXECUTIVE SUMMARY",
                                "executive summary",         "# Executive Summary",
                                "###### Executive Summary",  "##Executive Summary",
                                "## Executive Summary ##",   "1. Executive Summary",
                                "2) Executive Summary",      "## 3. Executive Summary",
                                "1.2 Executive Summary",     "1.2.3. Executive Summary",
                                "**Executive Summary**",     "__Executive Summary__",
                                "*Executive Summary*",       "_Executive Summary_",
                                "***Executive Summary***",   "**_Executive Summary_**",
                                "**Executive Summary:**",    "**Executive Summary**:",
                                "**1. Executive Summary**",  "1. **Executive Summary**",
                                "## **Executive Summary** ", "Executive Summary:",
                                "Executive Summary :",       "Executive Summary -",
                                "Executive Summary \u2013",  "Executive Summary\u2014",
                                "Executive Summary --",      "Executive Summary\uFF1A",
                                "   Executive Summary  \t ", "Executive \t  Summary",
                                "Executive\u00A0Summary",    "Executive\u202FSummary",
                                "Executive Summary\r",       "**Executive Summary**\u00A0"}) {
        const std::string answer = "Before.\n" + std::string(heading) + "\nAfter.";
        EXPECT_EQ(cleaned(answer), "Before.\nAfter.") << heading;
    }
    EXPECT_EQ(cleaned("Follow\u2011up questions\nAfter."), "After.");
    EXPECT_EQ(cleaned("Follow\u2010up questions\nAfter."), "After.");
}

TEST(Sanitizer, TakesTheLineUnderAHeadingToo) {
    expectCleaned({
        {"Intro\nExecutive Summary\n---\nText", "Intro\nText"},
        {"Intro\n\nExecutive Summary\n=================\n\nText", "Intro\n\nText"},
        {"Intro\n\nExecutive Summary\n\n---\nText", "Intro\n\n---\nText"},
        {"Executive Summary\n---\n---\nText", "---\nText"},
        {"Executive Summary\n-\nText", "-\nText"},
        {"Executive Summary\nText\n---\nText", "Text\n---\nText"},
        {"Intro\n---\nText", "Intro\n---\nText"},
    });
}

TEST(Sanitizer, LeavesWhatIsNoHeading) {
    expectUntouched({
        "What to watch for is the price of oil.",
        "What it means is anybody's guess.",
        "The Executive Summary",
        "Executive Summary of the year",
        "Executive Summary.",
        "Executive Summary?",
        "ExecutiveSummary",
        "Executive\nSummary",
        "Red Teams",
        "Red Team Considerationss",
        "####### Executive Summary",
        "2024. Executive Summary",
        "1.2345 Executive Summary",
        "1.Executive Summary",
        "- Executive Summary",
        "* Executive Summary",
        "> Executive Summary",
        "| Executive Summary | 1 |",
        "Executive Summary | Figures\n--- | ---\n1 | 2",
        "\"Executive Summary\"",
        "[Executive Summary](#summary)",
        "`Executive Summary`",
        "Executive Summary -----",
        "A line\n    Executive Summary",
        "A line\n\tExecutive Summary",
    });
}

TEST(Sanitizer, TakesALabelAndLeavesTheRestOfItsLine) {
    expectCleaned({
        {"Executive Summary: Rates rise.", "Rates rise."},
        {"Executive Summary:Rates rise.", "Rates rise."},
        {"Executive Summary - Rates rise.", "Rates rise."},
        {"Executive Summary -- Rates rise.", "Rates rise."},
        {"Executive Summary \u2013 Rates rise.", "Rates rise."},
        {"Executive Summary \u2014 Rates rise.", "Rates rise."},
        {"Executive Summary\u2014Rates rise.", "Rates rise."},
        {"EXECUTIVE   summary :  Rates rise.", "Rates rise."},
        {"**Executive Summary:** Rates rise.", "Rates rise."},
        {"**Executive Summary**: Rates rise.", "Rates rise."},
        {"**Executive Summary** - Rates rise.", "Rates rise."},
        {"**Executive Summary -** Rates rise.", "Rates rise."},
        {"**Executive Summary -**Rates rise.", "Rates rise."},
        {"__Executive Summary__: Rates rise.", "Rates rise."},
        {"*Executive Summary:* Rates rise.", "Rates rise."},
        {"**_Executive Summary_**: Rates rise.", "Rates rise."},
        {"### Executive Summary: Rates rise.", "Rates rise."},
        {"1. Executive Summary: Rates rise.", "Rates rise."},
        {"1) **Executive Summary:** Rates rise.", "Rates rise."},
        {"One.\n  What to watch: two.\nThree.", "One.\n  two.\nThree."},
    });
}

TEST(Sanitizer, LeavesEmphasisOfTheRest) {
    expectCleaned({
        {"Executive Summary: **Rates** rise.", "**Rates** rise."},
        {"Executive Summary:**Rates** rise.", "**Rates** rise."},
        {"**Executive Summary:** **Rates** rise.", "**Rates** rise."},
        {"**Executive Summary**: **Rates** rise.", "**Rates** rise."},
        {"**Executive Summary: Rates rise.**", "**Rates rise.**"},
        {"***Executive Summary:** Rates rise.*", "*Rates rise.*"},
        {"**_Executive Summary:_ Rates rise.**", "**Rates rise.**"},
    });
}

TEST(Sanitizer, ReadsWhatALabelLeavesAsALineOfItsOwn) {
    expectCleaned({
        {"Executive Summary: What It Means: Rates rise.", "Rates rise."},
        {"**Executive Summary: What It Means:** Rates rise.", "Rates rise."},
        {"Executive Summary: **What It Means - Rates rise.**", "**Rates rise.**"},
        {"Executive Summary: What to Watch\nRates.", "Rates."},
        {"Executive Summary: ## What to Watch\nRates.", "Rates."},
        {"Executive Summary: Note on Risk: all of it.\nThat too.\n\nRates.", "Rates."},
        {"Red Team: ```\nRed Team\n```\nRed Team", "```\nRed Team\n```"},
        {"Red Team:\u00A0\nRates.", "Rates."},
        {"Red Team: Red Team: Red Team:", ""},
    });
}

TEST(Sanitizer, LeavesWhatIsNoLabel) {
    expectUntouched({
        "Red Team-led tests find more.",
        "Red Team\u2013Blue Team exercises",
        "Red team -led",
        "What to watch for: oil.",
        "Our Executive Summary: rates rise.",
        "Executive Summary (short): rates rise.",
        "- What to Watch: oil",
        "| What to Watch: | oil |",
        "> What to Watch: oil",
        "Executive Summary*: rates rise.",
        "Text\n    What to Watch: oil",
    });
}

TEST(Sanitizer, RemovesABlockUpToTheNextBlankLine) {
    expectCleaned({
        {"One.\n\nNote on Risk: this is\nno advice.\n\nTwo.", "One.\n\nTwo."},
        {"One.\n\n**Risk Disclaimer:** this is\n- no\n- advice.\n \t\nTwo.", "One.\n\nTwo."},
        {"One.\n\n### Note on Risk\nThis is no advice.\n\nTwo.", "One.\n\nTwo."},
        {"One.\n\n*Note on risk \u2014 all may be lost.*", "One."},
        {"One.\n\n1. RISK  DISCLAIMER\nLost.\r\n\r\nTwo.", "One.\n\nTwo."},
        {"Note on Risk management: hedge.\n\nTwo.", "Two."},
        {"Note on Risk\nExecutive Summary\nWhat to watch: a\n\nTwo.", "Two."},
        {"One.\nRisk disclaimer. Lost.\nAll.", "One."},
        {"Note on Risk\nRed Team: ```\nText\n\nTwo.", "Two."},
        {"Risk disclaimer", ""},
    });
}

TEST(Sanitizer, LeavesWhatIsNoBlock) {
    expectUntouched({
        "Risk disclaimers are common.",
        "A Note on Risk: read it.",
        "Note on Riskiness\nis short.",
        "- Note on Risk: read it.",
        "Note on\nRisk",
        "Text\n    Note on Risk",
    });
}

TEST(Sanitizer, EndsABlockWhereCodeBegins) {
    expectCleaned({
        {"Note on Risk: none\n```\nExecutive Summary\n\n\n\n```\nRates.",
         "```\nExecutive Summary\n\n\n\n```\nRates."},
    });
}

TEST(Sanitizer, LeavesCodeAsItIs) {
    expectUntouched({
        "```\nExecutive Summary\n\n\n\nWhat to Watch: x\nNote on Risk\n```",
        "~~~ text\nExecutive Summary\n```\nExecutive Summary\n~~~",
        "````\n```\nExecutive Summary\n```\nExecutive Summary\n````",
        "1. Item\n    ```python\n    x = 1\n\n\n\n    Executive Summary\n    ```",
        "```\nnever closed\n\n\n\nExecutive Summary",
        "```\nExecutive Summary\n``` no end\nExecutive Summary\n```",
    });
    expectCleaned({
        {"```\nx\n```\nExecutive Summary\n\n\n\nText", "```\nx\n```\n\nText"},
        {"```inline``` code\nExecutive Summary\nText", "```inline``` code\nText"},
        {"``\nExecutive Summary\n``", "``\n``"},
        {"```\nx\n`````  \nExecutive Summary\nText", "```\nx\n`````  \nText"},
    });
}

TEST(Sanitizer, FoldsThreeAndMoreLineEndsIntoTwo) {
    expectCleaned({
        {"a\nb", "a\nb"},
        {"a\n\nb", "a\n\nb"},
        {"a\n\n\nb", "a\n\nb"},
        {"a\n\n\n\n\n\nb", "a\n\nb"},
        {"a\n \t\n\u00A0\n\nb", "a\n\nb"},
        {"a\r\n\r\n\r\nb", "a\r\n\r\nb"},
        {"a\r\n \r\n\r\r\n\nb", "a\r\n\r\nb"},
        {"a\n\nExecutive Summary\n\nb", "a\n\nb"},
        {"a  \nb", "a  \nb"},
    });
}

TEST(Sanitizer, TrimsTheWhole) {
    expectCleaned({
        {"", ""},
        {" ", ""},
        {"\n\n\n", ""},
        {" \r\n\u3000\t", ""},
        {"\n \n  a b \n\n ", "a b"},
        {"\u00A0a\u00A0", "a"},
        {"Executive Summary\n\n   a", "a"},
        {"    Executive Summary\n   a", "a"},
        {"    Executive Summary: a", "a"},
        {"    ```\nExecutive Summary", "```\nExecutive Summary"},
    });
}

const std::string kLong(40, 'x');

TEST(Sanitizer, ReplacesWhatIsLeftOfAnAnswerIfItIsShort) {
    const auto sanitizer = sanitizerOf(defaultSanitizerRules());
    const std::string fallback = defaultSanitizerRules().fallback;
    EXPECT_EQ(sanitizer->clean("Executive Summary\n\nRates rise."), fallback);
    EXPECT_EQ(sanitizer->clean("Red Team: " + std::string(39, 'x')), fallback);
    EXPECT_EQ(sanitizer->clean("Red Team: " + kLong), kLong);
    EXPECT_EQ(sanitizer->clean(kLong.substr(1) + "\n\nNote on Risk: none."), fallback);
    EXPECT_EQ(sanitizer->clean(kLong + "\n\nNote on Risk: none."), kLong);
    EXPECT_EQ(sanitizer->clean("Executive Summary"), fallback);
}

TEST(Sanitizer, LeavesAnAnswerThatIsShortByItself) {
    const auto sanitizer = sanitizerOf(defaultSanitizerRules());
    EXPECT_EQ(sanitizer->clean("42."), "42.");
    EXPECT_EQ(sanitizer->clean(" Paris.\n\n\n\nIn France. \n"), "Paris.\n\nIn France.");
}

TEST(Sanitizer, ReplacesAnAnswerThatIsBlank) {
    const auto sanitizer = sanitizerOf(defaultSanitizerRules());
    EXPECT_EQ(sanitizer->clean(""), defaultSanitizerRules().fallback);
    EXPECT_EQ(sanitizer->clean(" \n\n "), defaultSanitizerRules().fallback);
}

TEST(Sanitizer, CountsCharactersNotBytes) {
    SanitizerRules rules = defaultSanitizerRules();
    rules.minimumLength = 3;
    const auto sanitizer = sanitizerOf(rules);
    EXPECT_EQ(sanitizer->clean("Red Team: \U0001F600\U0001F600\U0001F600"),
              "\U0001F600\U0001F600\U0001F600");
    EXPECT_EQ(sanitizer->clean("Red Team: \U0001F600\U0001F600"), rules.fallback);
}

TEST(Sanitizer, WithoutAMinimumOnlyBlankAnswersAreReplaced) {
    SanitizerRules rules = defaultSanitizerRules();
    rules.minimumLength = 0;
    EXPECT_EQ(sanitizerOf(rules)->clean("Red Team: 1"), "1");
    EXPECT_EQ(sanitizerOf(rules)->clean("Red Team"), rules.fallback);
}

TEST(Sanitizer, FailsWithWhatIsNoUtf8) {
    EXPECT_EQ(sanitizerOf({})->clean("Caf\xE9"), std::nullopt);
}

TEST(Sanitizer, WithoutRulesItFoldsAndTrims) {
    EXPECT_EQ(sanitizerOf({})->clean(" Red Team: a\n\n\nNote on Risk\n"),
              "Red Team: a\n\nNote on Risk");
}

TEST(Sanitizer, ANameMayBeSeveralThings) {
    SanitizerRules rules;
    rules.headings = {"Sources", "Sources used"};
    rules.labels = {"sources", "Quelle", "Quelle: Netz"};
    rules.blocks = {"Sources used", "---", "Ende:"};
    const auto sanitizer = sanitizerOf(rules);
    EXPECT_EQ(sanitizer->clean("a\nSOURCES\nb\nsources: c"), "a\nb\nc");
    EXPECT_EQ(sanitizer->clean("a\nSources used\nb\n\nc"), "a\n\nc");
    EXPECT_EQ(sanitizer->clean("Quelle: a\nQuelle: Netz: b\nQuelle:\nc"), "a\nb\nc");
    EXPECT_EQ(sanitizer->clean("a\n---x\nb\n\nc\nEnde:x\nd"), "a\n\nc");
}

TEST(Sanitizer, NamesMayBeOfAnyLanguage) {
    SanitizerRules rules;
    rules.headings = {"Überblick", "要約"};
    rules.blocks = {"Hinweis für Anleger", "免責事項"};
    const auto sanitizer = sanitizerOf(rules);
    EXPECT_EQ(sanitizer->clean("## ÜBERBLICK\na\n**要約**：\nb"), "a\nb");
    EXPECT_EQ(sanitizer->clean("a\nHINWEIS FÜR ANLEGER: b\nc"), "a");
    EXPECT_EQ(sanitizer->clean("a\nHinweis für Anlegerä\nc"), "a\nHinweis für Anlegerä\nc");
    EXPECT_EQ(sanitizer->clean("a\n免責事項。b\nc"), "a");
}

TEST(Sanitizer, IsQuickUpToSixtyFourKibibytes) {
    const auto sanitizer = sanitizerOf(defaultSanitizerRules());
    EXPECT_TRUE(sanitizer->isQuick(0));
    EXPECT_TRUE(sanitizer->isQuick(64 * 1024));
    EXPECT_FALSE(sanitizer->isQuick(64 * 1024 + 1));
}

TEST(Sanitizer, IsNeverQuickWithRegexes) {
    SanitizerRules rules;
    rules.regexes = {"a"};
    EXPECT_FALSE(sanitizerOf(rules)->isQuick(1));
}

TEST(Sanitizer, ThreadsMayShareIt) {
    SanitizerRules rules = defaultSanitizerRules();
    rules.regexes = {R"( ?\[\d+\])", R"((a+)b\1)"};
    const auto sanitizer = sanitizerOf(rules);
    std::array<std::string, 4> cleaned;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < cleaned.size(); ++i) {
        threads.emplace_back([&, i] {
            for (int round = 0; round < 500; ++round) {
                const std::string answer = std::string(50 + i, 'x') + "[1]aabaa\n\n\nRed Team\n";
                cleaned[i] = sanitizer->clean(answer).value_or("FAILED");
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    for (std::size_t i = 0; i < cleaned.size(); ++i) {
        EXPECT_EQ(cleaned[i], std::string(50 + i, 'x'));
    }
}

}  // namespace
}  // namespace edgerun::text
