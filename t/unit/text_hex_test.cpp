#include <gtest/gtest.h>

#include <cctype>

#include "edgerun/text/hex.h"

namespace edgerun::text {
namespace {

using One = std::array<std::uint8_t, 1>;
using Two = std::array<std::uint8_t, 2>;
using Four = std::array<std::uint8_t, 4>;

TEST(Hex, WritesTwoSmallDigitsForEachByte) {
    EXPECT_EQ(encodeHex(Four{0x00, 0x0f, 0xa0, 0xff}), "000fa0ff");
    EXPECT_EQ(encodeHex(std::array<std::uint8_t, 0>{}), "");
}

TEST(Hex, ReadsEveryByteThatItWrites) {
    for (int byte = 0; byte < 256; ++byte) {
        const One one{static_cast<std::uint8_t>(byte)};
        EXPECT_EQ(decodeHex<One>(encodeHex(one)), one);
    }
}

TEST(Hex, ReadsCapitalLettersToo) {
    EXPECT_EQ(decodeHex<Four>("000FA0fF"), (Four{0x00, 0x0f, 0xa0, 0xff}));
}

TEST(Hex, TakesNothingElseForADigit) {
    for (int c = 0; c < 256; ++c) {
        const char digit = static_cast<char>(c);
        EXPECT_EQ(hexValueOf(digit).has_value(), std::isxdigit(c) != 0) << c;
        EXPECT_EQ(decodeHex<One>(std::string{'0', digit}).has_value(), std::isxdigit(c) != 0) << c;
        EXPECT_EQ(decodeHex<One>(std::string{digit, '0'}).has_value(), std::isxdigit(c) != 0) << c;
    }
}

TEST(Hex, RefusesMoreDigitsAndFewer) {
    EXPECT_FALSE(decodeHex<Two>("00f"));
    EXPECT_FALSE(decodeHex<Two>("00ff0"));
    EXPECT_FALSE(decodeHex<Two>("00ff00"));
    EXPECT_FALSE(decodeHex<Two>(""));
}

TEST(Hex, WritesANumberWithAllItsZeros) {
    EXPECT_EQ(encodeHexNumber(0), "0000000000000000");
    EXPECT_EQ(encodeHexNumber(0x0123456789abcdef), "0123456789abcdef");
    EXPECT_EQ(encodeHexNumber(UINT64_MAX), "ffffffffffffffff");
}

TEST(Hex, ReadsANumberOnlyAsItIsWritten) {
    for (const std::uint64_t number :
         {std::uint64_t{0}, std::uint64_t{0xfedcba9876543210}, UINT64_MAX}) {
        EXPECT_EQ(decodeHexNumber(encodeHexNumber(number)), number);
    }
    EXPECT_FALSE(decodeHexNumber("0123456789abcde"));
    EXPECT_FALSE(decodeHexNumber("00123456789abcdef"));
    EXPECT_FALSE(decodeHexNumber("0123456789abcdeF"));
    EXPECT_FALSE(decodeHexNumber("0123456789abcdeg"));
    EXPECT_FALSE(decodeHexNumber(""));
}

}  // namespace
}  // namespace edgerun::text
