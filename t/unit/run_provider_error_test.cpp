#include <gtest/gtest.h>

#include "edgerun/run/provider_error.h"
#include "edgerun/text/utf8.h"

namespace edgerun::run {
namespace {

TEST(ProviderError, IsReadFromTheEnvelopeAndFromNothingElse) {
    struct {
        const char* body;
        const char* code;
        const char* message;
    } const rows[] = {
        {R"({"error":{"message":"m","type":"t","param":null,"code":"c"}})", "c", "m"},
        {R"({"error":{"message":"m","type":"t","code":null}})", "t", "m"},
        {R"({"error":{"message":7,"code":[]}})", "", ""},
        {R"({"error":"m"})", "", "m"},
        {R"({"message":"m"})", "", ""},
        {R"(["error"])", "", ""},
        {R"("error")", "", ""},
        {"<html>502</html>", "", ""},
        {"", "", ""},
    };
    for (const auto& row : rows) {
        const ProviderError error = readProviderError(row.body);
        EXPECT_EQ(error.code, row.code) << row.body;
        EXPECT_EQ(error.message, row.message) << row.body;
    }
}

TEST(ProviderError, TextIsCleanedOfControlsKeysAndBadBytes) {
    struct {
        std::string_view raw;
        std::string_view clean;
    } const rows[] = {
        {"", ""},
        {"No such thread.", "No such thread."},
        {"a\nb\r\tc\x7F", "a b  c "},
        {std::string_view("a\0b", 3), "a b"},
        {"\x1B[31mred", " [31mred"},
        {"C1 \xC2\x9B"
         "31m",
         "C1   31m"},
        {"caf\xC3\xA9 \xC2\xA0", "caf\xC3\xA9 \xC2\xA0"},
        {"bad \xFF\xC3", "bad ??"},
        {"Incorrect API key provided: sk-abc***xyz9, see",
         "Incorrect API key provided: [hidden], see"},
        {"SK-PROJ-abc_123 x", "[hidden] x"},
        {"(sk-abc)", "([hidden])"},
        {"a risk-free task-list", "a risk-free task-list"},
        {"sk- alone", "sk- alone"},
        {"Authorization: Bearer abc.def-1 x", "Authorization: [hidden] x"},
        {"bearer:\tabc", "[hidden]"},
        {"api-key: 0123abcd.", "[hidden]"},
        {"token eyJhbGciOi.J9.x_y", "token [hidden]"},
        {"in organization org-abc on tokens", "in organization [hidden] on tokens"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(cleanProviderText(row.raw), row.clean) << row.raw;
    }
}

TEST(ProviderError, TextIsCutAtACodePointsEnd) {
    std::string text(299, 'a');
    text += "\xC3\xA4";
    EXPECT_EQ(cleanProviderText(text), std::string(299, 'a'));
    EXPECT_EQ(cleanProviderText(text, 301), text);
    EXPECT_EQ(cleanProviderText(std::string(5'000'000, 'b')).size(), 300U);
    std::string euros;
    for (int i = 0; i < 2'000; ++i) {
        euros += "\xE2\x82\xAC";
    }
    EXPECT_TRUE(text::isValidUtf8(cleanProviderText(euros)));
    EXPECT_TRUE(text::isValidUtf8(cleanProviderText(euros + "\xFF")));
}

TEST(ProviderError, NoPartOfALongKeyIsLeftByTheCut) {
    const std::string text = std::string(290, 'a') + " sk-" + std::string(5'000, 'S');
    EXPECT_EQ(cleanProviderText(text).find('S'), std::string::npos);
}

}  // namespace
}  // namespace edgerun::run
