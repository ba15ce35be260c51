#include "edgerun/auth/claims.h"

#include <gtest/gtest.h>

#include "auth_signed_token.h"

namespace edgerun::auth {
namespace {

using Strings = std::vector<std::string>;

std::string payloadWith(const std::string& members) {
    return R"({"sub":"u","exp":2000000000)" + (members.empty() ? "" : "," + members) + "}";
}

TokenPolicy policyWith(const ClaimMap& map) {
    TokenPolicy policy;
    policy.claims = map;
    return policy;
}

std::string verdict(const std::string& payload, const ClaimMap& map = {}) {
    return verdictOf(readClaims(payload, policyWith(map)));
}

Caller accepted(const std::string& payload, const ClaimMap& map = {}) {
    const auto claims = readClaims(payload, policyWith(map));
    EXPECT_EQ(verdictOf(claims), "accepted") << payload;
    return std::holds_alternative<Caller>(claims) ? std::get<Caller>(claims) : Caller{};
}

const std::string kBadClaims = describe(TokenProblem::BadClaims);
const std::string kNoUser = describe(TokenProblem::NoUser);
const std::string kBadEntitlements = describe(TokenProblem::BadEntitlements);

TEST(Claims, AreReadFromTheirDefaultPlaces) {
    const Caller claims = accepted(
        R"({"sub":"anna","role":"admin","assignedModules":["a","b"],"exp":1700000060,"nbf":1700000000})");
    EXPECT_EQ(claims.identity.user, "anna");
    EXPECT_EQ(claims.identity.roles, Strings{"admin"});
    EXPECT_EQ(claims.identity.modules, (Strings{"a", "b"}));
    EXPECT_EQ(claims.identity.owner, ownerKeyOf("anna"));
    EXPECT_EQ(claims.validity.expires, 1700000060);
    EXPECT_EQ(claims.validity.notBefore, 1700000000);
}

TEST(Claims, AreReadFromWhereTheMapSays) {
    ClaimMap map;
    map.user = *parseClaimPath("preferred_username");
    map.role = *parseClaimPath("realm_access.roles");
    map.modules = *parseClaimPath("resource_access.web.roles");
    const Caller claims = accepted(
        R"({"preferred_username":"anna","exp":1,"realm_access":{"roles":["r1","r2"]},)"
        R"("resource_access":{"web":{"roles":"m"}},"sub":"x","role":"y","assignedModules":"z"})",
        map);
    EXPECT_EQ(claims.identity.user, "anna");
    EXPECT_EQ(claims.identity.roles, (Strings{"r1", "r2"}));
    EXPECT_EQ(claims.identity.modules, Strings{"m"});
}

TEST(Claims, ThatLieUnderSomethingThatIsNoObjectAreAbsent) {
    ClaimMap map;
    map.role = *parseClaimPath("a.b.c");
    for (const char* members : {"", R"("a":1)", R"("a":null)", R"("a":["b"])", R"("a":{"b":"c"})",
                                R"("a":{"b.c":"r"})", R"("c":"r")"}) {
        EXPECT_TRUE(accepted(payloadWith(members), map).identity.roles.empty()) << members;
    }
    map.user = *parseClaimPath("a.b");
    EXPECT_EQ(verdict(payloadWith(R"("a":"b")"), map), kNoUser);
}

TEST(Claims, OfAWholeNameWithDotsComeBeforeThoseOfAPath) {
    ClaimMap map;
    map.role = *parseClaimPath("https://example.com/roles");
    EXPECT_EQ(accepted(R"({"sub":"u","exp":1,"https://example.com/roles":["admin"]})", map)
                  .identity.roles,
              std::vector<std::string>{"admin"});
    map.role = *parseClaimPath("realm.roles");
    EXPECT_EQ(accepted(R"({"sub":"u","exp":1,"realm.roles":"a","realm":{"roles":"b"}})", map)
                  .identity.roles,
              std::vector<std::string>{"a"});
}

TEST(ClaimPath, IsSplitAtDotsAndHasNoEmptyPart) {
    EXPECT_EQ(parseClaimPath("sub"), ClaimPath{"sub"});
    EXPECT_EQ(parseClaimPath("a.b.c"), (ClaimPath{"a", "b", "c"}));
    for (const char* path : {"", ".", "a.", ".a", "a..b"}) {
        EXPECT_FALSE(parseClaimPath(path)) << path;
    }
}

TEST(Claims, NeedAnObject) {
    for (const char* payload : {"", "null", "[]", "\"sub\"", "1", "{", "{} {}", "not json"}) {
        EXPECT_EQ(verdict(payload), kBadClaims) << payload;
    }
}

TEST(Claims, NeedAnExpThatIsANumberFromZeroTo2To53) {
    EXPECT_EQ(verdict(R"({"sub":"u"})"), kBadClaims);
    const char* const bad[] = {"-1",
                               "-0.5",
                               "\"2000000000\"",
                               "null",
                               "true",
                               "[]",
                               "{}",
                               "1e30",
                               "1e400",
                               "-1e400",
                               "9007199254740994",
                               "9223372036854775807",
                               "9223372036854775808",
                               "NaN",
                               "Infinity",
                               "\"\""};
    for (const std::string exp : bad) {
        EXPECT_EQ(verdict("{\"sub\":\"u\",\"exp\":" + exp + "}"), kBadClaims) << exp;
        EXPECT_EQ(verdict(payloadWith("\"nbf\":" + exp)), kBadClaims) << exp;
    }
    const std::pair<const char*, double> good[] = {{"0", 0},
                                                   {"-0.0", 0},
                                                   {"1700000000.25", 1700000000.25},
                                                   {"1.7e9", 1.7e9},
                                                   {"9007199254740992", 9007199254740992.0}};
    for (const auto& [text, value] : good) {
        EXPECT_EQ(accepted(std::string("{\"sub\":\"u\",\"exp\":") + text + "}").validity.expires,
                  value);
        EXPECT_EQ(accepted(payloadWith(std::string("\"nbf\":") + text)).validity.notBefore, value);
    }
}

TEST(Claims, IgnoreIatUnlessItIsNoNumber) {
    for (const char* iat : {"0", "-5", "99999999999", "1.5"}) {
        EXPECT_EQ(verdict(payloadWith(std::string("\"iat\":") + iat)), "accepted") << iat;
    }
    for (const char* iat : {"\"1\"", "null", "true", "[]"}) {
        EXPECT_EQ(verdict(payloadWith(std::string("\"iat\":") + iat)), kBadClaims) << iat;
    }
}

TEST(Claims, WithDuplicateNamesAreRefusedHoweverTheyAreSpelled) {
    for (const char* payload :
         {R"({"sub":"u","exp":1,"exp":9999999999})", R"({"sub":"u","sub":"admin","exp":1})",
          R"({"sub":"u","exp":1,"role":"user","role":"admin"})",
          R"({"sub":"u","exp":1,"role":"user","rol\u0065":"admin"})"}) {
        EXPECT_EQ(verdict(payload), kBadClaims) << payload;
    }
}

TEST(Claims, NestedTooDeeplyOrInHugeNumberAreRefusedInLinearTime) {
    EXPECT_EQ(verdict(payloadWith("\"x\":" + std::string(31, '[') + std::string(31, ']'))),
              "accepted");
    EXPECT_EQ(verdict(payloadWith("\"x\":" + std::string(32, '[') + std::string(32, ']'))),
              kBadClaims);
    EXPECT_EQ(verdict(payloadWith("\"x\":" + std::string(8000, '['))), kBadClaims);
    std::string many = "\"x\":0";
    for (int i = 0; i < 100'000; ++i) {
        many += ",\"" + std::to_string(i) + "\":0";
    }
    EXPECT_EQ(verdict(payloadWith(many)), kBadClaims);
}

TEST(Claims, NeedAUserThatIsAShortStringWithoutControlCharacters) {
    EXPECT_EQ(verdict(R"({"exp":1})"), kNoUser);
    const std::string bad[] = {"\"\"",        "null",
                               "1",           "1.5",
                               "true",        "[\"u\"]",
                               "{}",          "\"" + std::string(257, 'u') + "\"",
                               "\" \"",       "\" u\"",
                               "\"u \"",      R"("a\u0001")",
                               R"("a\nb")",   R"("a\r\nSet-Cookie: x")",
                               R"("\t")",     R"("\u007f")",
                               R"("\u0080")", R"("a\u009f")"};
    for (const std::string& user : bad) {
        EXPECT_EQ(verdict("{\"exp\":1,\"sub\":" + user + "}"), kNoUser) << user;
    }
    const std::string good[] = {
        "u", "a b", std::string(256, 'u'), "anna@example.com", "Zoë", "世界", "\u00A0", "a,b"};
    for (const std::string& user : good) {
        EXPECT_EQ(accepted("{\"exp\":1,\"sub\":\"" + user + "\"}").identity.user, user);
    }
    EXPECT_EQ(verdict(R"({"exp":1,"sub":"a\u0000"})"), kBadClaims);
}

TEST(Claims, TakeRolesAndModulesAsOneStringOrAnArrayOfStrings) {
    const std::pair<const char*, Strings> good[] = {
        {"null", {}},
        {"\"\"", {}},
        {"\" \"", {}},
        {"[]", {}},
        {"[\"\"]", {}},
        {"\"admin\"", {"admin"}},
        {"\"administrator\"", {"administrator"}},
        {"\"user,admin\"", {"user", "admin"}},
        {"\"user admin\"", {"user", "admin"}},
        {"\"super user, admin\"", {"super user", "admin"}},
        {"[\"user\",\"admin\"]", {"user", "admin"}},
        {"[\"user admin\"]", {"user admin"}},
        {"[\"user\",\"a,admin\",\" admin\"]", {"user"}},
        {"[\"user\",\"\",\"user\"]", {"user", "user"}}};
    for (const auto& [text, list] : good) {
        EXPECT_EQ(accepted(payloadWith(std::string("\"role\":") + text)).identity.roles, list)
            << text;
        EXPECT_EQ(
            accepted(payloadWith(std::string("\"assignedModules\":") + text)).identity.modules,
            list)
            << text;
    }
    EXPECT_TRUE(accepted(payloadWith("")).identity.roles.empty());
    EXPECT_TRUE(accepted(payloadWith("")).identity.modules.empty());
}

TEST(Claims, RefuseRolesAndModulesOfAnyOtherKind) {
    const std::string bad[] = {"1",
                               "true",
                               "false",
                               "1.5",
                               "{}",
                               R"({"admin":true})",
                               R"(["admin",1])",
                               R"([["admin"]])",
                               R"(["a",null])",
                               R"([{"name":"admin"}])",
                               "\"" + std::string(257, 'r') + "\"",
                               R"(["a\u0001"])",
                               R"("a\nb")",
                               R"(["\u0085"])"};
    for (const std::string& value : bad) {
        EXPECT_EQ(verdict(payloadWith("\"role\":" + value)), kBadEntitlements) << value;
        EXPECT_EQ(verdict(payloadWith("\"assignedModules\":" + value)), kBadEntitlements) << value;
    }
}

TEST(Claims, RefuseMoreThan256Elements) {
    const auto listOf = [](int count) {
        std::string list = "\"role\":[\"r\"";
        for (int i = 1; i < count; ++i) {
            list += ",\"r\"";
        }
        return payloadWith(list + "]");
    };
    EXPECT_EQ(accepted(listOf(256)).identity.roles.size(), 256U);
    EXPECT_EQ(verdict(listOf(257)), kBadEntitlements);
    EXPECT_EQ(verdict(listOf(3000)), kBadEntitlements);
}

TEST(Claims, TakeALimitThatIsAnIntegerOrDecimalDigits) {
    const std::pair<const char*, std::uint64_t> good[] = {
        {"0", 0},
        {"100", 100},
        {"9223372036854775807", 9223372036854775807U},
        {"\"0\"", 0},
        {"\"100\"", 100},
        {"\"007\"", 7},
        {"\"18446744073709551615\"", 18446744073709551615U}};
    for (const auto& [text, limit] : good) {
        EXPECT_EQ(accepted(payloadWith(std::string("\"simRateLimit\":") + text)).identity.limit,
                  limit)
            << text;
    }
    EXPECT_FALSE(accepted(payloadWith("")).identity.limit);
    EXPECT_FALSE(accepted(payloadWith("\"simRateLimit\":null")).identity.limit);
    ClaimMap map;
    map.limit = *parseClaimPath("quota.month");
    EXPECT_EQ(
        accepted(payloadWith(R"("quota":{"month":5},"simRateLimit":"x")"), map).identity.limit, 5U);
}

TEST(Claims, RefuseALimitOfAnyOtherKind) {
    for (const char* limit : {"-1", "1.0", "1.5", "1e3", "true", "[]", "[1]", "{}", "\"\"",
                              "\" 1\"", "\"1 \"", "\"+1\"", "\"-1\"", "\"-0\"", "\"1.0\"",
                              "\"0x10\"", "\"1e3\"", "\"18446744073709551616\"", "\"unlimited\""}) {
        EXPECT_EQ(verdict(payloadWith(std::string("\"simRateLimit\":") + limit)), kBadEntitlements)
            << limit;
    }
    EXPECT_EQ(verdict(payloadWith("\"simRateLimit\":9223372036854775808")), kBadClaims);
}

TEST(Claims, KeepThePayloadAsItWas) {
    const std::string payload = R"({ "sub":"u", "exp":2000000000, "x":[1, 2] })";
    EXPECT_EQ(accepted(payload).payload, payload);
    EXPECT_EQ(accepted(payload).standing, Standing::Good);
}

TEST(Validity, CountsFromNotBeforeInclusiveToExpiresExclusive) {
    const Validity validity{200, 100};
    EXPECT_FALSE(validity.holds(99.999));
    EXPECT_TRUE(validity.holds(100));
    EXPECT_TRUE(validity.holds(199.999));
    EXPECT_FALSE(validity.holds(200));
}

}  // namespace
}  // namespace edgerun::auth
