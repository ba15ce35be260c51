#include <gtest/gtest.h>

#include "edgerun/auth/key_set.h"
#include "edgerun/text/utf8.h"

namespace edgerun::auth {
namespace {

// Each with DEL, or with the C1 control U+009B, with which terminals begin commands.
const char* const kHostile[] = {
    "{\"kty\":\"oct\",\"kid\":\"a\x7f"
    "b\"}",
    "{\"kty\":\"oct\",\"kid\":\"a\xc2\x9b"
    "b\"}",
    "{\"kty\":\"a\xc2\x9b"
    "b\"}",
    "{\"kty\":\"oct\",\"alg\":\"a\x7f"
    "b\"}",
    "{\"kty\":\"EC\",\"crv\":\"a\x7f"
    "b\"}",
    "{\"use\":\"a\x7f"
    "b\"}",
};

TEST(KeyFaults, OfAFileShowNoControlCharacters) {
    for (const char* file : kHostile) {
        const auto result = readKeyFile(file);
        ASSERT_TRUE(std::holds_alternative<KeySetFaults>(result)) << file;
        for (const std::string& fault : std::get<KeySetFaults>(result)) {
            EXPECT_FALSE(text::hasControlCharacter(fault)) << fault;
        }
    }
}

TEST(KeyFaults, OfAProvidersAnswerShowNoControlCharacters) {
    for (const std::string key : kHostile) {
        const auto result = readKeySet("{\"keys\":[" + key + "]}");
        ASSERT_TRUE(std::holds_alternative<std::string>(result)) << key;
        EXPECT_FALSE(text::hasControlCharacter(std::get<std::string>(result)))
            << std::get<std::string>(result);
    }
}

TEST(KeyFaults, OfPemShowNoControlCharacters) {
    const auto result = readKeyFile(
        "-----BEGIN \x1b[2J PRIVATE KEY-----\nAAAA\n-----END \x1b[2J PRIVATE KEY-----\n");
    ASSERT_TRUE(std::holds_alternative<KeySetFaults>(result));
    for (const std::string& fault : std::get<KeySetFaults>(result)) {
        EXPECT_FALSE(text::hasControlCharacter(fault)) << fault;
    }
}

}  // namespace
}  // namespace edgerun::auth
