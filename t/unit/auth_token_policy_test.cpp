#include <gtest/gtest.h>

#include <limits>

#include "auth_signed_token.h"
#include "edgerun/auth/claims.h"

namespace edgerun::auth {
namespace {

constexpr double kLast = 9007199254740992.0;  // 2^53

std::string payloadWith(const std::string& members) {
    return R"({"sub":"u","exp":2000000000)" + (members.empty() ? "" : "," + members) + "}";
}

std::string verdict(const std::string& members, const TokenPolicy& policy) {
    return verdictOf(readClaims(payloadWith(members), policy));
}

TEST(TokenPolicy, TakesOnlyTheIssuersThatItNamesByteForByte) {
    TokenPolicy policy;
    policy.issuers = {"https://a.example.com/", "https://b.example.com"};
    for (const char* iss : {R"("https://a.example.com/")", R"("https://b.example.com")",
                            R"("https:\/\/b.example.com")", R"("https://\u0062.example.com")"}) {
        EXPECT_EQ(verdict(std::string("\"iss\":") + iss, policy), "accepted") << iss;
    }
    for (const char* iss :
         {R"("https://a.example.com")", R"("https://b.example.com/")", R"("https://b.example.co")",
          R"("https://b.example.com.evil.org")", R"("xhttps://b.example.com")",
          R"("HTTPS://B.EXAMPLE.COM")", R"(" https://b.example.com")", R"("")", "null", "1", "true",
          R"(["https://b.example.com"])", R"({"https://b.example.com":true})"}) {
        EXPECT_EQ(verdict(std::string("\"iss\":") + iss, policy),
                  describe(TokenProblem::WrongIssuer))
            << iss;
    }
    EXPECT_EQ(verdict("", policy), describe(TokenProblem::WrongIssuer));
    EXPECT_EQ(verdict(R"("aud":"https://b.example.com")", policy),
              describe(TokenProblem::WrongIssuer));
}

TEST(TokenPolicy, TakesATokenForOneOfItsAudiences) {
    TokenPolicy policy;
    policy.audiences = {"api", "web"};
    for (const char* aud : {R"("api")", R"("web")", R"(["api"])", R"(["x","web","y"])",
                            R"(["web","api"])", R"(["","api"])"}) {
        EXPECT_EQ(verdict(std::string("\"aud\":") + aud, policy), "accepted") << aud;
    }
    for (const char* aud : {R"("ap")",
                            R"("apis")",
                            R"("API")",
                            R"("api,web")",
                            R"("api web")",
                            R"(" api")",
                            R"("")",
                            "[]",
                            R"([""])",
                            R"(["x"])",
                            R"(["apis","ap"])",
                            R"([["api"]])",
                            R"(["api",1])",
                            R"([null,"api"])",
                            R"(["api",["x"]])",
                            "null",
                            "1",
                            "0",
                            "true",
                            R"({"api":1})",
                            "{}"}) {
        EXPECT_EQ(verdict(std::string("\"aud\":") + aud, policy),
                  describe(TokenProblem::WrongAudience))
            << aud;
    }
    EXPECT_EQ(verdict("", policy), describe(TokenProblem::WrongAudience));
    EXPECT_EQ(verdict(R"("iss":"api")", policy), describe(TokenProblem::WrongAudience));
}

TEST(TokenPolicy, WithoutIssuersAndAudiencesTakesAny) {
    for (const char* value : {"\"x\"", "[]", "1", "null"}) {
        EXPECT_EQ(verdict(std::string("\"iss\":") + value + ",\"aud\":" + value, {}), "accepted");
    }
}

Validity validityOf(const std::string& payload, double leeway) {
    TokenPolicy policy;
    policy.leeway = leeway;
    const auto read = readClaims(payload, policy);
    EXPECT_EQ(verdictOf(read), "accepted") << payload;
    return std::get<Caller>(read).validity;
}

TEST(TokenPolicy, AllowsForClocksThatDifferByTheLeeway) {
    const Validity exact = validityOf(R"({"sub":"u","nbf":100,"exp":200})", 0);
    EXPECT_EQ(exact.notBefore, 100);
    EXPECT_EQ(exact.expires, 200);
    const Validity wide = validityOf(R"({"sub":"u","nbf":100,"exp":200})", 60);
    EXPECT_FALSE(wide.holds(39.999));
    EXPECT_TRUE(wide.holds(40));
    EXPECT_TRUE(wide.holds(259.999));
    EXPECT_FALSE(wide.holds(260));
}

TEST(TokenPolicy, HasALeewayThatOverflowsNothing) {
    const Validity last =
        validityOf(R"({"sub":"u","nbf":9007199254740992,"exp":9007199254740992})", 3600);
    EXPECT_GE(last.expires, kLast);
    EXPECT_FALSE(last.holds(1'700'000'000));
    EXPECT_TRUE(last.holds(kLast - 1));
    const Validity first = validityOf(R"({"sub":"u","exp":0})", 3600);
    EXPECT_TRUE(first.holds(0));
    EXPECT_FALSE(first.holds(3600));
    const Validity huge =
        validityOf(R"({"sub":"u","exp":9007199254740992})", std::numeric_limits<double>::max());
    EXPECT_TRUE(huge.holds(1'700'000'000));
}

TEST(TokenPolicy, LeewayMakesNoExpOfWhatIsNone) {
    TokenPolicy policy;
    policy.leeway = 3600;
    for (const char* exp : {"-1", "1e400", "9007199254740994", "\"1\"", "null"}) {
        EXPECT_EQ(verdictOf(readClaims(std::string(R"({"sub":"u","exp":)") + exp + "}", policy)),
                  describe(TokenProblem::BadClaims))
            << exp;
    }
}

TEST(TokenPolicy, EqualsAnotherOnlyInEverything) {
    TokenPolicy changed[5];
    changed[0].algorithms = {Algorithm::HS256};
    changed[1].issuers = {"i"};
    changed[2].audiences = {"a"};
    changed[3].leeway = 1;
    changed[4].claims.limit = {"other"};
    EXPECT_EQ(TokenPolicy(), TokenPolicy());
    for (const TokenPolicy& policy : changed) {
        EXPECT_FALSE(policy == TokenPolicy());
        EXPECT_EQ(policy, policy);
    }
}

}  // namespace
}  // namespace edgerun::auth
