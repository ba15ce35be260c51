#include <gtest/gtest.h>

#include <string>

#include "edgerun/text/utf8.h"

namespace edgerun::text {
namespace {

TEST(Utf8, AcceptsEveryCodePointOfRfc3629AndNothingElse) {
    for (unsigned point = 0; point <= 0x110000; ++point) {
        std::string bytes;
        if (point < 0x80) {
            bytes = {static_cast<char>(point)};
        } else if (point < 0x800) {
            bytes = {static_cast<char>(0xC0 | point >> 6),
                     static_cast<char>(0x80 | (point & 0x3F))};
        } else if (point < 0x10000) {
            bytes = {static_cast<char>(0xE0 | point >> 12),
                     static_cast<char>(0x80 | (point >> 6 & 0x3F)),
                     static_cast<char>(0x80 | (point & 0x3F))};
        } else {
            bytes = {static_cast<char>(0xF0 | point >> 18),
                     static_cast<char>(0x80 | (point >> 12 & 0x3F)),
                     static_cast<char>(0x80 | (point >> 6 & 0x3F)),
                     static_cast<char>(0x80 | (point & 0x3F))};
        }
        const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
        ASSERT_EQ(isValidUtf8(bytes), !surrogate && point <= 0x10FFFF) << std::hex << point;
    }
}

TEST(Utf8, RefusesOverlongTruncatedAndStrayBytesWhereverTheyStand) {
    const std::string bad[] = {"\x80",
                               "\xBF",
                               "\xC0\x80",
                               "\xC1\xBF",
                               "\xE0\x9F\xBF",
                               "\xF0\x8F\xBF\xBF",
                               "\xF5\x80\x80\x80",
                               "\xFF",
                               "\xC3",
                               "\xE2\x82",
                               "\xF0\x9F\x98",
                               "\xC3(",
                               "\xE2(\xA1",
                               "\xE2\x82(",
                               "\xF0\x9F(\x80",
                               "\xF0\x9F\x98("};
    for (const std::string& bytes : bad) {
        for (std::size_t before = 0; before < 18; ++before) {
            const std::string text = std::string(before, 'a') + bytes;
            EXPECT_FALSE(isValidUtf8(text)) << before;
            EXPECT_FALSE(isValidUtf8(text + "0123456789abcdef")) << before;
        }
    }
}

TEST(Utf8, AcceptsEmptyTextNulAndMixedText) {
    EXPECT_TRUE(isValidUtf8(""));
    EXPECT_TRUE(isValidUtf8(std::string_view("\0", 1)));
    EXPECT_TRUE(isValidUtf8("Grüße, 世界 \xF0\x9F\x98\x80 and a long tail of plain ASCII"));
}

TEST(Utf8, CountsCodePointsNotBytes) {
    EXPECT_EQ(countCodePoints(""), 0U);
    EXPECT_EQ(countCodePoints("abc"), 3U);
    EXPECT_EQ(countCodePoints("ü世\xF0\x9F\x98\x80"), 3U);
}

TEST(Utf8, CutsAfterTheLimitOfCodePoints) {
    const std::string_view text = "aü世\xF0\x9F\x98\x80z";
    EXPECT_EQ(cutAtCodePoints(text, 0), "");
    EXPECT_EQ(cutAtCodePoints(text, 1), "a");
    EXPECT_EQ(cutAtCodePoints(text, 2), "aü");
    EXPECT_EQ(cutAtCodePoints(text, 3), "aü世");
    EXPECT_EQ(cutAtCodePoints(text, 4), "aü世\xF0\x9F\x98\x80");
    EXPECT_EQ(cutAtCodePoints(text, 5), text);
    EXPECT_EQ(cutAtCodePoints(text, 6), text);
    EXPECT_EQ(cutAtCodePoints("世世", 3), "世世");
}

TEST(Utf8, CutsAtBytesWithoutSplittingACodePoint) {
    const std::string_view text = "aü世\xF0\x9F\x98\x80z";
    const std::size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (std::size_t limit = 0; limit < std::size(expected); ++limit) {
        EXPECT_EQ(cutAtBytes(text, limit), text.substr(0, expected[limit])) << limit;
    }
}

}  // namespace
}  // namespace edgerun::text
