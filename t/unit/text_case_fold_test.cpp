#include <gtest/gtest.h>

#include <string>

#include "edgerun/text/case_fold.h"
#include "edgerun/text/utf8.h"

namespace edgerun::text {
namespace {

TEST(CaseFold, LettersOfAsciiBecomeSmallAndNothingElseOfItChanges) {
    for (char32_t point = 0; point < 0x80; ++point) {
        const bool isCapital = point >= U'A' && point <= U'Z';
        EXPECT_EQ(foldCase(point), isCapital ? point + 32 : point);
        const std::string text(1, static_cast<char>(point));
        EXPECT_EQ(foldCase(text), std::string(1, static_cast<char>(foldCase(point))));
    }
}

TEST(CaseFold, TextsThatDifferInCaseAloneBecomeEqual) {
    const struct {
        const char* one;
        const char* other;
    } pairs[] = {
        {"EXECUTIVE Summary", "executive sUMMARY"},
        {"ÜBERBLICK", "überblick"},
        {"ΣΊΣΥΦΟΣ", "σίσυφος"},  // the sigma at a word's end, too
        {"ПРИВЕТ", "привет"},
        {"ǅungla", "ǆUNGLA"},
        {"\u1E9E", "\u00DF"},          // sharp s, capital and small
        {"\u212A", "k"},               // the Kelvin sign
        {"\U00010400", "\U00010428"},  // Deseret: four bytes
    };
    for (const auto& pair : pairs) {
        EXPECT_EQ(foldCase(std::string_view(pair.one)), foldCase(std::string_view(pair.other)));
    }
}

TEST(CaseFold, IsSimpleOneCodePointStaysOne) {
    EXPECT_EQ(foldCase(std::string_view("Straße")), "straße");  // not "strasse"
    EXPECT_EQ(foldCase(std::string_view("\uFB01")), "\uFB01");  // the ligature fi
    EXPECT_EQ(foldCase(std::string_view("\u0130")), "\u0130");  // no Turkish rules
    const std::string text = "Aß\u0130ﬁΣ\U0001F600\U00010400";
    EXPECT_EQ(countCodePoints(foldCase(std::string_view(text))), countCodePoints(text));
}

TEST(CaseFold, MayChangeTheNumberOfBytes) {
    EXPECT_EQ(foldCase(std::string_view("\u212A")).size(), 1U);
    EXPECT_EQ(foldCase(std::string_view("\u023A")), "\u2C65");  // two bytes, then three
}

TEST(CaseFold, LeavesWhatHasNoCase) {
    const std::string text("世界 \xF0\x9F\x98\x80 12 \0 \r\n\t", 20);
    EXPECT_EQ(foldCase(std::string_view(text)), text);
    EXPECT_EQ(foldCase(std::string_view()), "");
}

TEST(CaseFold, WhatIsFoldedStaysAsItIs) {
    for (char32_t point = 0; point <= 0x10FFFF; ++point) {
        ASSERT_EQ(foldCase(foldCase(point)), foldCase(point)) << std::hex << point;
    }
}

TEST(CaseFold, OfATextAndOfItsCodePointsIsTheSame) {
    EXPECT_EQ(foldCase(std::string_view("\u0411")), "\u0431");
    EXPECT_EQ(foldCase(U'\u0411'), U'\u0431');
    EXPECT_EQ(foldCase(U'\U00010400'), U'\U00010428');
}

TEST(CaseFold, BytesThatAreNoUtf8ArePassedOn) {
    const std::string text = "A\xFF\xC3";
    EXPECT_EQ(foldCase(std::string_view(text)), "a\xFF\xC3");
}

}  // namespace
}  // namespace edgerun::text
