#include <gtest/gtest.h>

#include "edgerun/auth/claims.h"

namespace edgerun::auth {
namespace {

/// Of a claim "c" with this value.
std::string textOf(const std::string& value) {
    return claimText(R"({"a":"x","c":)" + value + R"(,"z":1})", "c");
}

TEST(ClaimText, ShowsScalarsAsTheyAre) {
    const std::pair<const char*, const char*> cases[] = {
        {R"("text")", "text"},
        {R"("")", ""},
        {R"(" a, b ")", " a, b "},
        {R"("Zoë \"x\" \\ \/")", "Zoë \"x\" \\ /"},
        {"0", "0"},
        {"-7", "-7"},
        {"9223372036854775807", "9223372036854775807"},
        {"1.5", "1.5"},
        {"0.1", "0.1"},
        {"1700000000.25", "1700000000.25"},
        {"1e300", "1e+300"},
        {"true", "true"},
        {"false", "false"},
        {"null", ""}};
    for (const auto& [value, text] : cases) {
        EXPECT_EQ(textOf(value), text) << value;
    }
}

TEST(ClaimText, JoinsAnArrayOfScalarsByCommas) {
    EXPECT_EQ(textOf("[]"), "");
    EXPECT_EQ(textOf(R"(["a"])"), "a");
    EXPECT_EQ(textOf(R"(["a","b c",1,2.5,true,false])"), "a,b c,1,2.5,true,false");
    EXPECT_EQ(textOf(R"(["a","","b"])"), "a,,b");
}

TEST(ClaimText, IsEmptyForAnArrayWhoseElementsItCouldNotTell) {
    for (const char* value :
         {R"(["user","x,admin"])", R"([","])", R"(["user"," admin"])", R"(["user","admin "])",
          R"([" "])", R"(["a",null])", R"([["a"]])", R"(["a",{}])", R"([[]])"}) {
        EXPECT_EQ(textOf(value), "") << value;
    }
}

TEST(ClaimText, ShowsAnObjectAsCompactJson) {
    EXPECT_EQ(textOf("{}"), "{}");
    EXPECT_EQ(textOf(R"({ "roles" : [ "a", "b" ], "n" : null })"),
              R"({"roles":["a","b"],"n":null})");
    EXPECT_EQ(textOf(R"({"a":"x\ny"})"), R"({"a":"x\ny"})");
}

TEST(ClaimText, NeverHoldsControlCharacters) {
    for (const char* value :
         {R"("a\r\nX-Role: admin")", R"("\u0001")", R"("\t")", R"("\u007f")", R"("a\u0085b")",
          R"(["a","b\n"])", R"({"a":"\u007f"})", R"({"\u0085":1})"}) {
        EXPECT_EQ(textOf(value), "") << value;
    }
    EXPECT_EQ(textOf("\"\xC2\xA0\""), "\xC2\xA0");
}

TEST(ClaimText, IsThatOfATopLevelClaimWhateverTheCaseOfItsName) {
    const char* payload = R"({"assignedModules":"m","o":{"inner":"x"},"o.inner":"dotted"})";
    EXPECT_EQ(claimText(payload, "assignedModules"), "m");
    EXPECT_EQ(claimText(payload, "assignedmodules"), "m");
    EXPECT_EQ(claimText(payload, "o.inner"), "dotted");
    for (const char* name : {"inner", "assigned", "assignedmodulesx", "", "x"}) {
        EXPECT_EQ(claimText(payload, name), "") << name;
    }
}

TEST(ClaimText, IsEmptyWhereTwoNamesDifferInCaseOnly) {
    const char* payload = R"({"Tenant":"a","tenant":"b","other":"c"})";
    EXPECT_EQ(claimText(payload, "tenant"), "");
    EXPECT_EQ(claimText(payload, "Tenant"), "");
    EXPECT_EQ(claimText(payload, "other"), "c");
}

TEST(ClaimText, IsEmptyForAPayloadThatIsNoObject) {
    for (const char* payload : {"", "[]", "\"c\"", "null", "{", R"({"c":1,"c":2})", "["}) {
        EXPECT_EQ(claimText(payload, "c"), "") << payload;
    }
}

}  // namespace
}  // namespace edgerun::auth
