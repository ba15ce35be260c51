#include "edgerun/text/knowledge_context.h"

#include <gtest/gtest.h>

namespace edgerun::text {
namespace {

const Article kRates{"rates", "Rates & <more>", "Money", {"ECB", "central bank"}, "Rates rise."};
const Article kGold{"gold", "Gold", "", {}, "It {{level}} shines.\nMuch. {{#articles}}"};

std::string mistakesIn(std::string_view text) {
    std::string all;
    const auto result = KnowledgeTemplate::parse(text);
    if (const auto* mistakes = std::get_if<std::vector<std::string>>(&result)) {
        for (const std::string& mistake : *mistakes) {
            all += mistake + "\n";
        }
    }
    return all;
}

std::string rendered(std::string_view text,
                     const std::vector<const Article*>& articles = {&kRates, &kGold},
                     std::size_t articleSize = 4000) {
    EXPECT_EQ(mistakesIn(text), "");
    const auto result = KnowledgeTemplate::parse(text);
    const auto* parsed = std::get_if<KnowledgeTemplate>(&result);
    return parsed != nullptr ? parsed->render(articles, "advanced", articleSize) : "";
}

TEST(KnowledgeTemplate, PutsInWhatIsNamed) {
    const struct {
        const char* text;
        const char* rendered;
    } cases[] = {
        {"", ""},
        {"no tags } } { {", "no tags } } { {"},
        {"{{level}}, {{ count }}", "advanced, 2"},
        {"{{#articles}}{{number}}:{{id}} {{/articles}}.", "1:rates 2:gold ."},
        {"{{#articles}}{{title}}|{{category}}|{{tags}};{{/articles}}",
         "Rates & <more>|Money|ECB, central bank;Gold||;"},
        {"{{#articles}}{{level}}{{count}}{{/articles}}", "advanced2advanced2"},
        {"{{#articles}}a{{/articles}}{{#articles}}b{{/articles}}", "aabb"},
        {"{{#articles}}{{text}}|{{/articles}}",
         "Rates rise.|It {{level}} shines.\nMuch. {{#articles}}|"},
        {"{{#articles}}{{#category}}({{category}}){{/category}}{{#tags}}[{{tags}}]{{/tags}};"
         "{{/articles}}",
         "(Money)[ECB, central bank];;"},
        {"{{#articles}}{{^category}}none{{/category}}{{^tags}}, {{id}}{{/tags}};{{/articles}}",
         ";none, gold;"},
        {"{{#articles}}{{#category}}{{#tags}}both{{/tags}}x{{/category}}.{{/articles}}", "bothx.."},
        {"{{#articles}}{{^category}}{{^tags}}neither{{/tags}}x{{/category}}.{{/articles}}",
         ".neitherx."},
        {"a{{! a comment: {{level} }}b{{!}}c", "abc"},
        {"{{! of\ntwo lines }}{{\nlevel\n}}", "advanced"},
        {"{{level}}}", "advanced}"},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(rendered(one.text), one.rendered) << one.text;
    }
}

/// https://github.com/mustache/spec/blob/master/specs/sections.yml
TEST(KnowledgeTemplate, LeavesOutLinesOfSectionsAndCommentsAlone) {
    const struct {
        const char* name;
        const char* text;
        const char* rendered;
    } cases[] = {
        {"lines of a section", "a\n{{#articles}}\n{{id}}\n{{/articles}}\nb\n",
         "a\nrates\ngold\nb\n"},
        {"with blanks around", "a\n  {{#articles}} \t\n{{id}}\n\t{{/articles}}  \nb",
         "a\nrates\ngold\nb"},
        {"first and last line", "  {{#articles}}\n{{id}}\n  {{/articles}}", "rates\ngold\n"},
        {"of CR LF", "a\r\n{{#articles}}\r\n{{id}}\r\n{{/articles}}\r\nb",
         "a\r\nrates\r\ngold\r\nb"},
        {"one after the other",
         "{{#articles}}\n{{#category}}\n{{category}}\n{{/category}}\n{{/articles}}\nb", "Money\nb"},
        {"a comment", "a\n  {{! b }}\nc", "a\nc"},
        {"a comment of lines", "a\n{{! b\n b }}\nc", "a\nc"},
        {"a comment in a line", "a {{! b }}\nc", "a \nc"},
        {"a field alone", "a\n  {{level}}\nb", "a\n  advanced\nb"},
        {"two in one line", "{{#articles}} {{/articles}}\nb", "  \nb"},
        {"behind a field", "{{level}}{{! b }}\nc", "advanced\nc"},
        {"before text", "{{#articles}} {{id}}\n{{/articles}}\n", " rates\n gold\n"},
        {"blank lines stay", "a\n\n{{! b }}\n\nc", "a\n\n\nc"},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(rendered(one.text), one.rendered) << one.name;
    }
}

TEST(KnowledgeTemplate, TellsAllThatIsWrongWithIt) {
    const struct {
        const char* text;
        const char* mistakes;
    } cases[] = {
        {"a\n{{lvl}}\n{{}}", "line 2: \"{{lvl}}\" is unknown\nline 3: \"{{}}\" is unknown\n"},
        {"{{title}}", "line 1: \"{{title}}\" must stand between {{#articles}} and {{/articles}}\n"},
        {"{{#tags}}{{/tags}}",
         "line 1: \"{{#tags}}\" must stand between {{#articles}} and {{/articles}}\n"},
        {"{{articles}}", "line 1: \"{{articles}}\" is unknown\n"},
        {"{{^articles}}{{/articles}}", "line 1: \"{{^articles}}\" is unknown\n"},
        {"{{#level}}{{/level}}", "line 1: \"{{#level}}\" is unknown\n"},
        {"{{#articles}}{{#title}}{{/title}}{{/articles}}", "line 1: \"{{#title}}\" is unknown\n"},
        {"{{#articles}}\n{{#articles}}\n{{/articles}}\n{{/articles}}",
         "line 2: {{#articles}} stands in itself\n"},
        {"{{>other}}{{&level}}{{{level}}}{{=| |=}}",
         "line 1: \"{{>other}}\" is unknown\nline 1: \"{{&level}}\" is unknown\n"
         "line 1: \"{{{level}}\" is unknown\nline 1: \"{{=| |=}}\" is unknown\n"},
        {"a\n\n{{#articles}}\n{{level",
         "line 4: \"{{\" has no \"}}\"\n"
         "line 3: \"{{#articles}}\" is not closed\n"},
        {"\n{{#articles}}{{#tags}}",
         "line 2: \"{{#articles}}\" is not closed\n"
         "line 2: \"{{#tags}}\" is not closed\n"},
        {"{{/articles}}", "line 1: \"{{/articles}}\" closes nothing\n"},
        {"{{#articles}}\n{{#tags}}\n{{/articles}}",
         "line 3: \"{{/articles}}\" does not close \"{{#tags}}\" of line 2\n"},
        {"{{#articles}}\n{{^tags}}\n{{/category}}{{/tags}}{{/articles}}",
         "line 3: \"{{/category}}\" does not close \"{{^tags}}\" of line 2\n"},
        {"{{! never closed", "line 1: \"{{\" has no \"}}\"\n"},
        {"{{a\x01}}", "line 1: \"{{a?}}\" is unknown\n"},
        {"\xFF", "it is no text in UTF-8\n"},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(mistakesIn(one.text), one.mistakes) << one.text;
    }
    EXPECT_EQ(mistakesIn(std::string_view("a\0b", 3)), "it is no text in UTF-8\n");
}

TEST(KnowledgeTemplate, TakesManySectionsWithinEachOther) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) {
        text += "{{#tags}}";
    }
    std::string closed = text;
    for (int i = 0; i < 100'000; ++i) {
        closed += "{{/tags}}";
    }
    EXPECT_EQ(rendered("{{#articles}}" + closed + ".{{/articles}}"), "..");
    const auto wrong = KnowledgeTemplate::parse("{{#articles}}" + text + "{{/articles}}");
    EXPECT_EQ(std::get<std::vector<std::string>>(wrong).size(), 1U);
}

TEST(KnowledgeTemplate, CutsTextsThatAreTooLongAndMarksThem) {
    const Article clefs{"c", "C", "", {}, "\U0001D11E\U0001D11E\U0001D11E"};
    const auto cut = [&](std::size_t size) {
        return rendered("{{#articles}}{{text}}{{/articles}}", {&clefs}, size);
    };
    EXPECT_EQ(cut(4), clefs.text);
    EXPECT_EQ(cut(3), clefs.text);
    EXPECT_EQ(cut(2), "\U0001D11E\U0001D11E [...]");
    EXPECT_EQ(cut(0), " [...]");
}

TEST(KnowledgeTemplate, SaysNothingWithoutArticles) {
    EXPECT_EQ(rendered("text {{level}}", {}), "");
    EXPECT_EQ(KnowledgeTemplate::standard().render({}, "standard", 10), "");
}

TEST(KnowledgeTemplate, HasAStandardThatStandsApartFromTheQuery) {
    EXPECT_EQ(KnowledgeTemplate::standard().render({&kRates, &kGold}, "advanced", 11), R"(

=== Knowledge base ===
Level of the user: advanced
Articles about the query above: 2

--- Article 1: Rates & <more> ---
ID: rates
Category: Money
Tags: ECB, central bank

Rates rise.

--- Article 2: Gold ---
ID: gold

It {{level} [...]

=== End of the knowledge base ===
Use these articles where they help to answer the query above, at the level of the user. Cite each
article that you use by its title and ID. Where they do not answer the query, say so.
)");
}

}  // namespace
}  // namespace edgerun::text
