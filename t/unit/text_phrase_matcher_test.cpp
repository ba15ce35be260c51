#include "edgerun/text/phrase_matcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "edgerun/text/case_fold.h"
#include "text_repeated.h"

namespace edgerun::text {
namespace {

using Phrases = std::vector<std::string>;

/// Each match as PHRASE:TEXT@PLACE, PHRASE being its index.
std::string shown(std::string_view text, const std::vector<PhraseMatch>& matches) {
    std::string all;
    for (const PhraseMatch& match : matches) {
        all += (all.empty() ? "" : " ") + std::to_string(match.phrase) + ":" +
               std::string(text.substr(match.at, match.size)) + "@" + std::to_string(match.at);
    }
    return all;
}

std::string found(const Phrases& phrases, std::string_view text) {
    return shown(text, PhraseMatcher(phrases).find(text));
}

std::vector<std::string_view> codePointsOf(std::string_view text) {
    std::vector<std::string_view> all;
    for (std::size_t at = 0, end; at < text.size(); at = end) {
        for (end = at + 1; end < text.size() && (text[end] & 0xC0) == 0x80; ++end) {
        }
        all.push_back(text.substr(at, end - at));
    }
    return all;
}

/// Phrase by phrase, code point by code point.
std::string foundNaively(const Phrases& phrases, std::string_view text) {
    const auto points = codePointsOf(text);
    std::vector<std::string> folded(points.size());
    std::transform(points.begin(), points.end(), folded.begin(),
                   [](std::string_view point) { return foldCase(point); });
    std::vector<PhraseMatch> matches;
    for (std::uint32_t phrase = 0; phrase < phrases.size(); ++phrase) {
        const auto parts = codePointsOf(phrases[phrase]);
        const auto first =
            std::search(folded.begin(), folded.end(), parts.begin(), parts.end(),
                        [](const std::string& a, std::string_view b) { return a == foldCase(b); });
        if (first != folded.end()) {
            const auto begin = points[first - folded.begin()].data() - text.data();
            const auto last = points[first - folded.begin() + parts.size() - 1];
            const auto end = last.data() + last.size() - text.data();
            matches.push_back(
                {phrase, static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)});
        }
    }
    std::stable_sort(matches.begin(), matches.end(),
                     [](const auto& a, const auto& b) { return a.at < b.at; });
    return shown(text, matches);
}

TEST(PhraseMatcher, FindsPhrasesAnywhereEvenWithinWordsOnceEach) {
    struct {
        const char* name;
        Phrases phrases;
        const char* text;
        const char* found;
    } const cases[] = {
        {"no phrases", {}, "text", ""},
        {"no text", {"a"}, "", ""},
        {"nothing in common", {"abc", "b"}, "ACDC", ""},
        {"the whole text", {"abc"}, "abc", "0:abc@0"},
        {"within a word", {"rate"}, "corporate", "0:rate@5"},
        {"first of several", {"an"}, "a banana and", "0:an@3"},
        {"in the order of places", {"late", "soon"}, "soon or late", "1:soon@0 0:late@8"},
        {"one within the other", {"b", "abc", "bc"}, "xabc", "1:abc@1 0:b@2 2:bc@2"},
        {"one overlaps the other", {"cde", "abc"}, "abcde", "1:abc@0 0:cde@2"},
        {"the longer one fails", {"abcd", "bcx"}, "abcx", "1:bcx@1"},
        {"the longer one fails late", {"aaab", "aab"}, "aaaaab", "0:aaab@2 1:aab@3"},
        {"same place, by index", {"abc", "a", "ab"}, "abc", "0:abc@0 1:a@0 2:ab@0"},
        {"equal phrases", {"b", "a", "B", "b"}, "ab", "1:a@0 0:b@1 2:b@1 3:b@1"},
        {"blanks count", {" a ", "a b"}, "b a b", "0: a @1 1:a b@2"},
        {"all ends of each other",
         {"a", "ba", "cba", "dcba"},
         "xdcba",
         "3:dcba@1 2:cba@2 1:ba@3 0:a@4"},
        {"an end first seen alone", {"a", "ba", "cba"}, "a ba cba", "0:a@0 1:ba@2 2:cba@5"},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(found(one.phrases, one.text), one.found) << one.name;
        EXPECT_EQ(foundNaively(one.phrases, one.text), one.found) << one.name;
    }
}

TEST(PhraseMatcher, KnowsNoDifferenceInCaseAndTellsPlacesInTheTextAsItWasGiven) {
    struct {
        const char* name;
        Phrases phrases;
        const char* text;
        const char* found;
    } const cases[] = {
        {"ASCII", {"INFLATION"}, "What is Inflation?", "0:Inflation@8"},
        {"ASCII alone", {"[a"}, "{A [A", "0:[A@3"},
        {"Cyrillic", {"ставка"}, "СТАВКА", "0:СТАВКА@0"},
        {"Greek final sigma", {"ΟΔΟΣ"}, "οδος", "0:οδος@0"},
        {"not the full folding", {"strasse"}, "straße", ""},
        {"four bytes", {"\U00010428"}, "x\U00010400", "0:\U00010400@1"},
        {"the text is longer than folded", {"kelvin"}, "0 \u212Aelvin", "0:\u212Aelvin@2"},
        {"the text is shorter than folded", {"\u2C65b"}, "\u023A\u023AB", "0:\u023AB@2"},
        {"behind a longer one", {"x", "yz"}, "\u212A\u212AX\u212AYZ", "0:X@6 1:YZ@10"},
        {"behind a shorter one", {"x", "yz"}, "\u023AX\u023A\u023AYZ", "0:X@2 1:YZ@7"},
        {"longer and shorter", {"end"}, "\u212A\u023A\u017F\u1E9E End", "0:End@11"},
        {"dots of I are letters' own", {"i"}, "\u0130\u0131", ""},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(found(one.phrases, one.text), one.found) << one.name;
        EXPECT_EQ(foundNaively(one.phrases, one.text), one.found) << one.name;
    }
}

TEST(PhraseMatcher, FindsNoPartOfACodePoint) {
    EXPECT_EQ(found({"\u00A9"}, "\u20A9 \U000100A9 \u00C2\u00A9"), "0:\u00A9@11");
}

TEST(PhraseMatcher, ReadsWhatIsNoUtf8WithoutHarm) {
    for (const std::string_view text : {"\xF0", "a\xF0\x9D", "\xC3", "\x80\x80", "\xED\xA0\x80",
                                        "\xFF\xFE", "\xF4\x90\x80\x80"}) {
        EXPECT_EQ(found({"b"}, text), "");
        EXPECT_EQ(found({"b"}, std::string(text) + "b"), "0:b@" + std::to_string(text.size()));
    }
}

TEST(PhraseMatcher, FindsWhatANaiveSearchFinds) {
    std::mt19937 random(20'270'131);
    const std::string_view alphabets[] = {"ab", "aAb", "abcdefgh ", "a\u212Ak\u023A\u2C65",
                                          "\U00010400\U00010428\U0001D11E"};
    for (int turn = 0; turn < 4000; ++turn) {
        const auto letters = codePointsOf(alphabets[random() % std::size(alphabets)]);
        const auto text = [&](std::size_t most) {
            std::string made(letters[random() % letters.size()]);
            for (std::size_t size = random() % most; size > 0; --size) {
                made += letters[random() % letters.size()];
            }
            return made;
        };
        Phrases phrases(random() % 12);
        for (std::string& phrase : phrases) {
            phrase = text(random() % 4 == 0 ? 12 : 4);
        }
        const std::string searched = text(1 + random() % 60);
        ASSERT_EQ(found(phrases, searched), foundNaively(phrases, searched)) << searched;
    }
}

TEST(PhraseMatcher, OrdersManyMatchesByPlaceThenIndex) {
    std::mt19937 random(7);
    Phrases phrases;
    for (int i = 0; i < 3000; ++i) {
        phrases.push_back(std::to_string(random() % 500));
    }
    std::string text;
    for (int i = 0; i < 20'000; ++i) {
        text += static_cast<char>('0' + random() % 10);
    }
    EXPECT_EQ(found(phrases, text), foundNaively(phrases, text));
}

/// Each of these is of a kind for which one or the other simple search never ends.
TEST(PhraseMatcher, IsNotHeldUpByHostilePhrases) {
    constexpr std::size_t kMany = 2000;
    Phrases ends, runs, prefixes;
    for (std::size_t i = 1; i <= kMany; ++i) {
        ends.push_back(repeated("a", i) + "b");
        runs.push_back(repeated("a", i));
        prefixes.push_back(repeated("a", kMany) + std::to_string(i));
    }
    const std::string a = repeated("a", 1'000'000);
    EXPECT_EQ(PhraseMatcher(ends).find(a).size(), 0U);
    EXPECT_EQ(PhraseMatcher(ends).find(a + "b").size(), kMany);
    EXPECT_EQ(PhraseMatcher(runs).find(a).size(), kMany);
    EXPECT_EQ(PhraseMatcher(prefixes).find(a + "7").size(), 1U);
    EXPECT_EQ(PhraseMatcher(Phrases(100'000, "a")).find(a).size(), 100'000U);
}

TEST(PhraseMatcher, TakesAPhraseThatIsAMillionLevelsDeep) {
    const std::string deep = repeated("ab", 500'000);
    auto matcher = std::make_unique<PhraseMatcher>(Phrases{deep, deep + "c"});
    EXPECT_EQ(matcher->find(deep).size(), 1U);
    EXPECT_EQ(matcher->find("x" + deep + "C").size(), 2U);
    matcher.reset();
}

TEST(PhraseMatcher, MovesWithWhatItKnows) {
    PhraseMatcher first({"a"});
    PhraseMatcher second(std::move(first));
    PhraseMatcher third({"b"});
    third = std::move(second);
    EXPECT_EQ(shown("a", third.find("a")), "0:a@0");
}

}  // namespace
}  // namespace edgerun::text
