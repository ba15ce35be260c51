#include <gtest/gtest.h>

#include <cctype>

#include "edgerun/text/base64url.h"

namespace edgerun::text {
namespace {

TEST(Base64Url, EncodesTheVectorsOfRfc4648WithoutPadding) {
    const std::pair<const char*, const char*> vectors[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : vectors) {
        EXPECT_EQ(encodeBase64Url(bytes), text);
        EXPECT_EQ(decodeBase64Url(text), bytes);
    }
}

TEST(Base64Url, UsesTheUrlSafeAlphabet) {
    EXPECT_EQ(encodeBase64Url("\xFB\xFF\xBF"), "-_-_");
    EXPECT_EQ(decodeBase64Url("-_-_"), "\xFB\xFF\xBF");
}

TEST(Base64Url, DecodesWhatItEncodesForEveryLengthAndByte) {
    std::string bytes;
    for (int i = 0; i < 600; ++i) {
        ASSERT_EQ(decodeBase64Url(encodeBase64Url(bytes)), bytes) << i;
        bytes.push_back(static_cast<char>(i * 37));
    }
}

TEST(Base64Url, RefusesPaddingSpaceAndForeignCharactersAtEveryPlace) {
    const std::string_view valid = "Zm9vYmFyZm9v";
    for (std::size_t length : {2U, 3U, 4U, 6U, 7U, 8U, 12U}) {
        for (std::size_t at = 0; at < length; ++at) {
            for (int byte = 0; byte < 256; ++byte) {
                std::string text(valid.substr(0, length));
                text[length - 1] = 'A';
                text[at] = static_cast<char>(byte);
                const bool known = std::isalnum(byte) != 0 || byte == '-' || byte == '_';
                if (!known) {
                    ASSERT_FALSE(decodeBase64Url(text)) << text;
                }
            }
        }
    }
    EXPECT_FALSE(decodeBase64Url("Zg=="));
    EXPECT_FALSE(decodeBase64Url("Zm8="));
    EXPECT_FALSE(decodeBase64Url("Zm9v\n"));
}

TEST(Base64Url, RefusesLengthsThatNoBytesEncodeTo) {
    EXPECT_FALSE(decodeBase64Url("A"));
    EXPECT_FALSE(decodeBase64Url("AAAAA"));
}

TEST(Base64Url, RefusesUnusedTrailingBitsThatAreNotZero) {
    EXPECT_TRUE(decodeBase64Url("Zg"));
    EXPECT_FALSE(decodeBase64Url("Zh"));
    EXPECT_FALSE(decodeBase64Url("Zo"));
    EXPECT_TRUE(decodeBase64Url("Zm8"));
    EXPECT_FALSE(decodeBase64Url("Zm9"));
    EXPECT_FALSE(decodeBase64Url("Zm-"));
}

}  // namespace
}  // namespace edgerun::text
