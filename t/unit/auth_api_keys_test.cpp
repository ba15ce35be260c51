#include "edgerun/auth/api_keys.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <cmath>

#include "auth_list_text.h"
#include "edgerun/auth/user_directory.h"

namespace edgerun::auth {
namespace {

using Strings = std::vector<std::string>;

const std::string kForm = "; the file holds one JSON object a line";

std::string sha256(std::string_view key, const char* digits = "0123456789abcdef") {
    unsigned char digest[32];
    EVP_Digest(key.data(), key.size(), digest, nullptr, EVP_sha256(), nullptr);
    std::string hex;
    for (const unsigned char byte : digest) {
        hex += digits[byte >> 4];
        hex += digits[byte & 15];
    }
    return hex;
}

/// The line of a key; `members` go on after its digest and user.
std::string lineOf(const std::string& key, const std::string& members = "") {
    return R"({"sha256":")" + sha256(key) + R"(","user":"u")" +
           (members.empty() ? "" : "," + members) + "}\n";
}

std::string faults(const std::string& text) {
    return faultsOf(ApiKeys::read(text));
}

ApiKeys keysOf(const std::string& text) {
    auto read = ApiKeys::read(text);
    EXPECT_EQ(faultsOf(read), "");
    auto* keys = std::get_if<ApiKeys>(&read);
    return keys == nullptr ? ApiKeys() : std::move(*keys);
}

TEST(ApiKeys, SayWhomAKeyStandsFor) {
    const ApiKeys keys =
        keysOf(lineOf("other") + R"({"id":"k_1","sha256":")" + sha256("erk_abc") +
               R"(","user":"reports","role":["admin","auditor"],"modules":"chat, rag","limit":100,)"
               R"("not_after":"2027-01-01T00:00:00.5Z","disabled":false})");
    const auto caller = keys.find("erk_abc");
    ASSERT_NE(caller, nullptr);
    EXPECT_EQ(caller->identity.user, "reports");
    EXPECT_EQ(caller->identity.owner, ownerKeyOf("reports"));
    EXPECT_EQ(caller->identity.roles, (Strings{"admin", "auditor"}));
    EXPECT_EQ(caller->identity.modules, (Strings{"chat", "rag"}));
    EXPECT_EQ(caller->identity.limit, 100U);
    EXPECT_EQ(caller->validity.notBefore, 0);
    EXPECT_EQ(caller->validity.expires, 1798761600.5);
    EXPECT_EQ(caller->payload, "");
    EXPECT_EQ(caller->standing, Standing::Good);
    EXPECT_EQ(keys.size(), 2U);
}

TEST(ApiKeys, NeedNoMoreThanADigestAndAUser) {
    const auto caller = keysOf(lineOf("erk_abc")).find("erk_abc");
    ASSERT_NE(caller, nullptr);
    EXPECT_TRUE(caller->identity.roles.empty());
    EXPECT_TRUE(caller->identity.modules.empty());
    EXPECT_FALSE(caller->identity.limit);
    EXPECT_TRUE(std::isinf(caller->validity.expires));
    EXPECT_TRUE(caller->validity.holds(4e9));
}

TEST(ApiKeys, AreFoundByTheWholeKeyOnly) {
    const ApiKeys keys = keysOf(lineOf("erk_abc"));
    for (const std::string& key :
         {std::string(), std::string("erk_ab"), std::string("erk_abcd"), std::string("ERK_ABC"),
          std::string("erk_abc "), std::string("erk_abc\0", 8), sha256("erk_abc")}) {
        EXPECT_EQ(keys.find(key), nullptr) << key;
    }
    EXPECT_EQ(ApiKeys().find("erk_abc"), nullptr);
    EXPECT_NE(
        keysOf(R"({"user":"u","sha256":")" + sha256("k", "0123456789ABCDEF") + "\"}").find("k"),
        nullptr);
}

TEST(ApiKeys, OfMoreThan512BytesAndEmptyOnesAreNotLookedAt) {
    const std::string longest(kMaxApiKeyBytes, 'k');
    const ApiKeys keys = keysOf(lineOf("") + lineOf(longest) + lineOf(longest + "k"));
    EXPECT_NE(keys.find(longest), nullptr);
    EXPECT_EQ(keys.find(longest + "k"), nullptr);
    EXPECT_EQ(keys.find(""), nullptr);
}

TEST(ApiKeys, ThatAreDisabledAreNotFoundButStillHaveTheirDigest) {
    const ApiKeys keys = keysOf(lineOf("off", R"("disabled":true)") + lineOf("on"));
    EXPECT_EQ(keys.find("off"), nullptr);
    EXPECT_NE(keys.find("on"), nullptr);
    EXPECT_EQ(keys.size(), 2U);
}

TEST(ApiKeys, AreEachFoundAmongMany) {
    std::string text;
    for (int i = 0; i < 2000; ++i) {
        text += R"({"user":"u)" + std::to_string(i) + R"(","sha256":")" +
                sha256("key" + std::to_string(i)) + "\"}\n";
    }
    const ApiKeys keys = keysOf(text);
    for (int i = 0; i < 2000; ++i) {
        const auto caller = keys.find("key" + std::to_string(i));
        ASSERT_NE(caller, nullptr) << i;
        ASSERT_EQ(caller->identity.user, "u" + std::to_string(i));
        ASSERT_EQ(keys.find("other" + std::to_string(i)), nullptr);
    }
}

TEST(ApiKeys, MayHaveBlankLinesCommentsCrLfAndNoLastNewline) {
    EXPECT_EQ(keysOf("").size(), 0U);
    EXPECT_EQ(keysOf("\n \t\n\r\n# {\n  # comment").size(), 0U);
    std::string crLf = lineOf("a");
    crLf.insert(crLf.size() - 1, "\r");
    const ApiKeys keys = keysOf("# keys\r\n\r\n" + crLf + "  " + lineOf("b") +
                                R"({"user":"u","sha256":")" + sha256("c") + "\"}");
    EXPECT_EQ(keys.size(), 3U);
    EXPECT_NE(keys.find("a"), nullptr);
    EXPECT_NE(keys.find("c"), nullptr);
}

TEST(ApiKeys, NameEveryFaultWithItsLine) {
    const std::string text = "# keys\n" + lineOf("good") +
                             "{\"sha256\":\"abc\",\"user\":\"\",\"limit\":-1}\n"
                             "\n"
                             "{}\n"
                             "nonsense\n";
    EXPECT_EQ(faults(text),
              "3: \"sha256\" must be 64 hex digits, the SHA-256 of the key\n"
              "3: \"user\" must be a string of 1 to 256 bytes without control characters and "
              "without blanks around it\n"
              "3: \"limit\" must be an integer from 0\n"
              "5: \"sha256\" is missing\n"
              "5: \"user\" is missing\n"
              "6: not JSON at column 8" +
                  kForm + "\n");
}

TEST(ApiKeys, RefuseADigestThatIsNot64HexDigits) {
    const std::string digest = sha256("k");
    const std::string bad[] = {"\"\"",
                               "1",
                               "null",
                               "[]",
                               "\"" + digest.substr(1) + "\"",
                               "\"" + digest + "0\"",
                               "\"" + digest.substr(1) + "g\"",
                               "\" " + digest.substr(1) + "\"",
                               "\"0x" + digest.substr(2) + "\""};
    for (const std::string& value : bad) {
        EXPECT_EQ(faults("{\"user\":\"u\",\"sha256\":" + value + "}"),
                  "1: \"sha256\" must be 64 hex digits, the SHA-256 of the key\n")
            << value;
    }
}

struct Refused {
    const char* members;
    const char* fault;
};

TEST(ApiKeys, RefuseMembersOfWrongKinds) {
    const Refused cases[] = {
        {R"("role":1)", "\"role\" must be a string or an array"},
        {R"("role":null)", "\"role\" must be a string or an array"},
        {R"("role":{"admin":true})", "\"role\" must be a string or an array"},
        {R"("modules":["a",1])", "\"modules\" must be a string or an array"},
        {R"("modules":[["a"]])", "\"modules\" must be a string or an array"},
        {R"("modules":["a,b"])", "\"modules\" takes names that are not empty, without commas"},
        {R"("modules":[""])", "\"modules\" takes names that are not empty"},
        {R"("modules":[" a"])", "\"modules\" takes names that are not empty"},
        {R"("role":"a\nb")", "\"role\" takes up to 256 names"},
        {R"("role":["\u0085"])", "\"role\" takes up to 256 names"},
        {R"("limit":"1")", "\"limit\" must be an integer"},
        {R"("limit":1.0)", "\"limit\" must be an integer"},
        {R"("limit":null)", "\"limit\" must be an integer"},
        {R"("disabled":"false")", "\"disabled\" must be true or false"},
        {R"("disabled":0)", "\"disabled\" must be true or false"},
        {R"("id":1)", "\"id\" must be a string"},
        {R"("id":"")", "\"id\" must be a string"},
        {R"("id":"a\tb")", "\"id\" must be a string"},
        {R"("not_after":1798761600)", "\"not_after\" must be a date and time"},
        {R"("not_after":"2027-01-01")", "\"not_after\" must be a date and time"},
        {R"("not_after":"2027-02-31T00:00:00Z")", "\"not_after\" must be a date and time"},
        {R"("not_after":null)", "\"not_after\" must be a date and time"},
    };
    for (const auto& [members, fault] : cases) {
        const std::string told = faults(lineOf("k", members));
        EXPECT_TRUE(has(told, fault)) << members << ": " << told;
        EXPECT_EQ(told.find('\n'), told.size() - 1) << told;
    }
}

TEST(ApiKeys, RefuseUnknownMembersWithoutShowingWhatMayBeAKey) {
    EXPECT_EQ(faults(lineOf("k", R"("roles":["a"])")),
              "1: unknown member \"roles\"; known are \"sha256\", \"user\", \"id\", \"not_after\", "
              "\"role\", \"modules\", \"limit\", \"disabled\"\n");
    EXPECT_TRUE(has(faults(lineOf("k", R"("key":"erk_secret")")), "unknown member \"key\";"));
    for (const char* member : {R"("erk_0123456789012345678901234567890123456789":1)",
                               R"("a\nb":"erk_secret")", R"("":"erk_secret")"}) {
        EXPECT_TRUE(has(faults(lineOf("k", member)), "1: unknown member; known are")) << member;
    }
}

TEST(ApiKeys, NeverShowWhatStandsInALine) {
    const char* secret = "erk_secret";
    for (const std::string& line :
         {std::string(R"({"user":"u","sha256":"erk_secret"})"), std::string("erk_secret\n"),
          std::string("{\"key\":erk_secret}"), std::string("{\"user\":\"erk_secret\x01\"}"),
          std::string(R"({"user":"u","role":["erk_secret,"],"not_after":"erk_secret"})"),
          std::string(R"("erk_secret")"), std::string(R"({"erk_secret":1,"erk_secret":2})")}) {
        const std::string told = faults(line);
        EXPECT_NE(told, "") << line;
        EXPECT_FALSE(has(told, secret)) << told;
    }
}

TEST(ApiKeys, RefuseADigestOrAnIdGivenTwice) {
    EXPECT_EQ(faults(lineOf("a") + "\n" + lineOf("b") + lineOf("a", R"("disabled":true)")),
              "4: the same \"sha256\" as in line 1\n");
    EXPECT_EQ(faults(R"({"user":"u","sha256":")" + sha256("a", "0123456789ABCDEF") + "\"}\n" +
                     lineOf("a")),
              "2: the same \"sha256\" as in line 1\n");
    EXPECT_EQ(faults(lineOf("a", R"("id":"x")") + lineOf("b", R"("id":"y")") +
                     lineOf("c", R"("id":"x")")),
              "3: the same \"id\" as in line 1\n");
    EXPECT_EQ(faults(lineOf("a") + lineOf("b")), "") << "two keys of one user serve rotation";
}

TEST(ApiKeys, SayWhatIsWrongWithALineThatIsNoObject) {
    const std::pair<std::string, std::string> cases[] = {
        {"[" + lineOf("a"), "no array is needed" + kForm},
        {"[]", "no array is needed" + kForm},
        {" ]", "no array is needed" + kForm},
        {"{", "the object does not end in its line" + kForm},
        {"{}{}", "something follows the object" + kForm},
        {"{} # comment", "something follows the object" + kForm},
        {"{},", "something follows the object" + kForm},
        {"1", "not an object" + kForm},
        {"\"x\"", "not an object" + kForm},
        {"null", "not an object" + kForm},
        {"'", "not JSON at column 1" + kForm},
        {R"({"user":"a","user":"b"})", "a member stands twice in the object" + kForm},
        {R"({"user":"a","us\u0065r":"b"})", "a member stands twice in the object" + kForm},
        {R"({"user":"a\u0000b"})", "a NUL in a string" + kForm},
        {R"({"a\u0000b":1})", "a NUL in a name" + kForm},
        {R"({"limit":9223372036854775808})", "a number is too large" + kForm},
        {"{\"user\":\"\xFF\"}", "not UTF-8" + kForm},
        {std::string("{}\0", 3), "a NUL in the line" + kForm},
        {std::string("\0{}", 3), "a NUL in the line" + kForm},
    };
    for (const auto& [line, fault] : cases) {
        EXPECT_EQ(faults(line), "1: " + fault + "\n") << line;
    }
}

TEST(ApiKeys, RefuseAByteOrderMarkAndReadOn) {
    EXPECT_EQ(faults("\xEF\xBB\xBF" + lineOf("a") + "{\n"),
              "1: the file begins with a byte order mark; save it without one\n"
              "2: the object does not end in its line" +
                  kForm + "\n");
}

TEST(ApiKeys, RefuseHostileLinesAtOnce) {
    const std::string deep(20'000, '[');
    EXPECT_EQ(faults(deep), "1: no array is needed" + kForm + "\n");
    EXPECT_TRUE(has(faults(R"({"user":)" + deep), "1: not JSON at column"));
    EXPECT_EQ(faults(R"({"user":[[[[[]]]]]})"), "1: nested too deeply, or too many members\n");
    EXPECT_EQ(faults("{\"user\":\"" + std::string(64 * 1024, 'u') + "\"}"),
              "1: the line is longer than 64 KiB\n");
    std::string many = "{\"0\":0";
    for (int i = 1; i < 3000; ++i) {
        many += ",\"" + std::to_string(i) + "\":0";
    }
    EXPECT_EQ(faults(many + "}"), "1: nested too deeply, or too many members\n");
}

TEST(ApiKeys, StopAfterAThousandFaults) {
    std::string lines;
    for (int i = 0; i < 100'000; ++i) {
        lines += "x\n";
    }
    const auto read = ApiKeys::read(lines);
    const auto& found = std::get<FileFaults>(read);
    ASSERT_EQ(found.size(), 1001U);
    EXPECT_EQ(found[999].line, 1000U);
    EXPECT_EQ(found[1000].line, 1001U);
    EXPECT_TRUE(has(found[1000].message, "was not looked at"));
}

TEST(ApiKeys, RefuseAFileAboveTheLimitUnread) {
    EXPECT_EQ(faults(std::string(kMaxListFileBytes + 1, '\n')), "1: the file is too large\n");
    EXPECT_EQ(faults(std::string(100'000'000, 'x')), "1: the file is too large\n");
}

TEST(ApiKeys, TakeWhatTheDirectorySaysOfTheirUsers) {
    ApiKeys keys = keysOf(R"({"user":"anna","role":"user","modules":"chat","sha256":")" +
                          sha256("a") + "\"}\n" + R"({"user":"bert","sha256":")" + sha256("b") +
                          "\"}\n" + R"({"user":"none","sha256":")" + sha256("n") + "\"}\n" +
                          lineOf("off", R"("disabled":true)"));
    const auto before = keys.find("a");
    keys.applyDirectory(std::get<UserDirectory>(
        UserDirectory::read("{\"user\":\"anna\",\"role\":\"admin\",\"limit\":5}\n{\"user\":"
                            "\"bert\",\"disabled\":true}\n")));
    EXPECT_EQ(keys.find("a")->identity.roles, Strings{"admin"});
    EXPECT_EQ(keys.find("a")->identity.modules, Strings{"chat"});
    EXPECT_EQ(keys.find("a")->identity.limit, 5U);
    EXPECT_EQ(keys.find("a")->standing, Standing::Good);
    EXPECT_EQ(keys.find("b")->standing, Standing::Disabled);
    EXPECT_EQ(keys.find("n")->standing, Standing::Unknown);
    EXPECT_EQ(keys.find("off"), nullptr);
    EXPECT_EQ(before->identity.roles, Strings{"user"}) << "who holds a caller keeps it";
}

}  // namespace
}  // namespace edgerun::auth
