#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "edgerun/text/sanitizer.h"
#include "edgerun/text/utf8.h"
#include "text_repeated.h"

/// Answers that nobody would write: whatever they are, what is cleaned is UTF-8, trimmed, not
/// longer, and stays as it is when it is cleaned again. How long it takes is measured by
/// t/bench/sanitizer_bench.cpp.
namespace edgerun::text {
namespace {

class HostileAnswer : public testing::Test {
protected:
    /// What is left of it, once its properties are seen to.
    std::string cleaned(const std::string& answer, const std::string& name) {
        const auto once = sanitizer_->clean(answer);
        EXPECT_TRUE(once.has_value()) << name;
        if (!once) {
            return "FAILED";
        }
        EXPECT_TRUE(isValidUtf8(*once)) << name;
        EXPECT_LE(once->size(), answer.size()) << name;
        EXPECT_EQ(sanitizer_->clean(*once), once) << name;
        constexpr std::string_view kBlanks = " \t\n\v\f\r";
        EXPECT_TRUE(once->empty() || (kBlanks.find(once->front()) == std::string_view::npos &&
                                      kBlanks.find(once->back()) == std::string_view::npos))
            << name;
        return *once;
    }

    static std::unique_ptr<Sanitizer> make() {
        SanitizerRules rules = defaultSanitizerRules();
        rules.fallback.clear();
        return std::get<std::unique_ptr<Sanitizer>>(Sanitizer::create(std::move(rules)));
    }

    const std::unique_ptr<Sanitizer> sanitizer_ = make();
};

TEST_F(HostileAnswer, NothingIsLeftOfNothing) {
    for (const char* piece :
         {"\n", "\r\n", " ", "\t", "\r", "\u00A0", "\u3000", " \n", "\n \t", "\u202F\r\n\u2003",
          "Executive Summary\n", "## Red Team\r\n\r\n", "Red Team: ", "**Red Team:** ",
          "Red Team - ", "Note on Risk\n", "Executive Summary: What it means\n",
          "1. **What to Watch**\n---\n"}) {
        for (const std::size_t times : {1U, 2U, 3U, 4096U}) {
            EXPECT_EQ(cleaned(repeated(piece, times), piece), "") << piece << times;
        }
    }
}

TEST_F(HostileAnswer, AMillionLineEndsAreTwo) {
    for (const std::size_t times : {4096U, 1'000'000U}) {
        EXPECT_EQ(cleaned("a" + std::string(times, '\n') + "b", "line ends"), "a\n\nb");
        EXPECT_EQ(cleaned("a\n" + repeated("\u00A0\n", times) + "b", "blank lines"), "a\n\nb");
        EXPECT_EQ(cleaned("a" + repeated("\r\n", times) + "b", "CRLF"), "a\r\n\r\nb");
        EXPECT_EQ(cleaned("a" + std::string(times, '\n'), "line ends behind it"), "a");
        EXPECT_EQ(cleaned(std::string(times, '\n') + "a", "line ends before it"), "a");
    }
}

TEST_F(HostileAnswer, WhatIsNoNameStays) {
    for (const char* piece : {"#",
                              "# ",
                              "#\n",
                              "*",
                              "_",
                              "**_",
                              "1",
                              "1.",
                              "1. ",
                              "1)\n",
                              "-",
                              "- ",
                              ":",
                              "`",
                              "~ ",
                              "|",
                              "Executive ",
                              "Executive SummaryX",
                              "Executive Summary",
                              "Red ",
                              "a",
                              "a\n",
                              "\U0001F600",
                              "\U0001F600\n",
                              "\u212A",
                              "Executive\n",
                              ">",
                              "---\n",
                              "=",
                              "####### \n"}) {
        for (const std::size_t times : {100'000U, 100'001U}) {
            const std::string answer = "a " + repeated(piece, times) + "z";
            EXPECT_EQ(cleaned(answer, piece), answer) << piece;
        }
    }
}

TEST_F(HostileAnswer, LinesThatAreAlmostRemovedStay) {
    // Each "%" is a hundred thousand of what follows it.
    for (const std::string_view shape :
         {"Executive Summary% x", "Executive% Summery", "Executive Summary% |% x", "#% x", "1.% x",
          "**Executive Summary**% x", "Executive Summary %- x", "Executive Summary %# x",
          "%*Executive Summary", "x% Executive Summary", "%`Executive Summary`"}) {
        std::string line;
        for (std::size_t at = 0; at < shape.size(); ++at) {
            const bool isMany = shape[at] == '%';
            at += isMany ? 1 : 0;
            line.append(isMany ? 100'000 : 1, shape[at]);
        }
        EXPECT_EQ(cleaned(line, std::string(shape)), line);
        EXPECT_EQ(cleaned("a\n" + line + "\nb", std::string(shape)), "a\n" + line + "\nb");
    }
}

TEST_F(HostileAnswer, LabelsWithoutEndAllGo) {
    const std::string blanks(1000, ' ');
    EXPECT_EQ(cleaned(repeated("Executive Summary: ", 100'000) + "x", "labels"), "x");
    EXPECT_EQ(cleaned(repeated("Red Team:" + blanks, 1000) + "x", "blanks"), "x");
    EXPECT_EQ(cleaned("**" + repeated("What it means - ", 50'000) + "x**", "bold"), "**x**");
    // More marks than anybody would open are none.
    EXPECT_EQ(cleaned(repeated("**_Red Team: ", 2) + "x", "marks"), "**_**_x");
    cleaned(repeated("**_Red Team: ", 10'000) + "x", "marks");
    EXPECT_EQ(cleaned(repeated("###### 1.2.3. **Red Team** \u2014 ", 10'000) + "x", "all"), "x");
    EXPECT_EQ(cleaned(repeated("Red Team: a\n", 10'000), "lines"), repeated("a\n", 9999) + "a");
}

TEST_F(HostileAnswer, CodeThatNeverEndsStays) {
    const std::string code = repeated("Executive Summary\n\n\n", 10'000) + "x";
    EXPECT_EQ(cleaned("```\n" + code, "open"), "```\n" + code);
    EXPECT_EQ(cleaned(code + "\n~~~\n" + code, "behind"), "x\n~~~\n" + code);
    EXPECT_EQ(cleaned("````\n" + repeated("```\n", 10'000) + code, "shorter").size(),
              5 + 40'000 + code.size());
    EXPECT_EQ(cleaned(repeated("```\n", 10'001) + "Red Team\nx", "odd"),
              repeated("```\n", 10'001) + "Red Team\nx");
    EXPECT_EQ(cleaned(repeated("```\n", 10'000) + "Red Team\nx", "even"),
              repeated("```\n", 10'000) + "x");
}

TEST_F(HostileAnswer, ANulIsALetter) {
    const std::string nul(1, '\0');
    EXPECT_EQ(cleaned(nul + "\n\n\n" + nul, "NUL"), nul + "\n\n" + nul);
    EXPECT_EQ(cleaned("Executive" + nul + "Summary", "NUL"), "Executive" + nul + "Summary");
    EXPECT_EQ(cleaned("Red Team" + nul + ": x", "NUL"), "Red Team" + nul + ": x");
    EXPECT_EQ(cleaned("Red Team:" + nul, "NUL"), nul);
    EXPECT_EQ(cleaned(std::string(100'000, '\0'), "NUL"), std::string(100'000, '\0'));
}

/// All that the rules know, thrown together.
TEST_F(HostileAnswer, PiecesInAnyOrderKeepTheProperties) {
    const std::vector<std::string> pieces = {
        "Executive Summary",
        "what it means",
        "Red Team Considerations",
        "Note on Risk",
        "Risk disclaimer",
        ":",
        " - ",
        "\u2014",
        "\n",
        "\n\n\n",
        "\r\n",
        " ",
        "    ",
        "\t",
        "\u00A0",
        "#",
        "## ",
        "**",
        "_",
        "1. ",
        "```",
        "\n```\n",
        "~~~\n",
        "---\n",
        "text",
        "\U0001F600",
        std::string(1, '\0'),
        "\u2011",
    };
    std::mt19937 random(6);
    const auto below = [&random](std::size_t limit) { return random() % limit; };
    for (int turn = 0; turn < 20'000; ++turn) {
        std::string answer;
        for (std::size_t left = 1 + below(24); left > 0; --left) {
            answer += pieces[below(pieces.size())];
        }
        cleaned(answer, answer);
        ASSERT_FALSE(HasFailure()) << answer;
    }
}

}  // namespace
}  // namespace edgerun::text
