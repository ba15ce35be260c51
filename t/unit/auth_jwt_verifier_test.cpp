#include "edgerun/auth/jwt_verifier.h"

#include <gtest/gtest.h>

#include "auth_signed_token.h"

namespace edgerun::auth {
namespace {

std::variant<Caller, TokenProblem> verify(const std::string& payload, double now) {
    return verifyToken(signToken(R"({"alg":"HS256","typ":"JWT"})", payload), keysOf(kTestSecret),
                       {}, now);
}

TEST(JwtVerifier, SaysWhoTheCallerIs) {
    const auto result = verify(R"({"sub":"anna","role":"admin","exp":200})", 100);
    ASSERT_EQ(verdictOf(result), "accepted");
    EXPECT_EQ(std::get<Caller>(result).identity.user, "anna");
    EXPECT_EQ(std::get<Caller>(result).identity.roles, std::vector<std::string>{"admin"});
}

TEST(JwtVerifier, AcceptsATokenOnlyWithinItsValidity) {
    const std::string payload = R"({"sub":"u","nbf":100,"exp":200})";
    const std::string early = describe(TokenProblem::NotYetValid);
    const std::string late = describe(TokenProblem::Expired);
    EXPECT_EQ(verdictOf(verify(payload, 0)), early);
    EXPECT_EQ(verdictOf(verify(payload, 99)), early);
    EXPECT_EQ(verdictOf(verify(payload, 100)), "accepted");
    EXPECT_EQ(verdictOf(verify(payload, 199)), "accepted");
    EXPECT_EQ(verdictOf(verify(payload, 200)), late);
    EXPECT_EQ(verdictOf(verify(R"({"sub":"u","exp":0})", 1700000000)), late);
    EXPECT_EQ(verdictOf(verify(R"({"sub":"u","nbf":200,"exp":100})", 150)), early);
}

TEST(JwtVerifier, AsksForTheSignatureBeforeItReadsClaims) {
    std::string token = signToken(R"({"alg":"HS256"})", "no claims");
    EXPECT_EQ(verdictOf(verifyToken(token, keysOf(kTestSecret), {}, 0)),
              describe(TokenProblem::BadClaims));
    EXPECT_EQ(verdictOf(verifyToken(token, keysOf(std::string(32, 'o')), {}, 0)),
              describe(TokenProblem::BadSignature));
}

TEST(JwtVerifier, PassesOnEachProblemOfTheClaims) {
    EXPECT_EQ(verdictOf(verify(R"({"sub":"u"})", 0)), describe(TokenProblem::BadClaims));
    EXPECT_EQ(verdictOf(verify(R"({"exp":200})", 0)), describe(TokenProblem::NoUser));
    EXPECT_EQ(verdictOf(verify(R"({"sub":"u","exp":200,"role":1})", 0)),
              describe(TokenProblem::BadEntitlements));
}

TEST(JwtVerifier, AsksForWhatThePolicyDemands) {
    TokenPolicy policy;
    policy.algorithms = {Algorithm::HS256};
    policy.issuers = {"https://login.example.com"};
    policy.audiences = {"api"};
    policy.leeway = 10;
    const auto verdict = [&policy](const std::string& header, const std::string& payload,
                                   double now) {
        return verdictOf(verifyToken(signToken(header, payload), keysOf(kTestSecret), policy, now));
    };
    const std::string header = R"({"alg":"HS256"})";
    const std::string payload =
        R"({"sub":"u","iss":"https://login.example.com","aud":["api"],"nbf":100,"exp":200})";
    EXPECT_EQ(verdict(header, payload, 89), describe(TokenProblem::NotYetValid));
    EXPECT_EQ(verdict(header, payload, 90), "accepted");
    EXPECT_EQ(verdict(header, payload, 209.9), "accepted");
    EXPECT_EQ(verdict(header, payload, 210), describe(TokenProblem::Expired));
    EXPECT_EQ(verdict(R"({"alg":"HS384"})", payload, 150), describe(TokenProblem::WrongAlgorithm));
    EXPECT_EQ(verdict(header, R"({"sub":"u","aud":"api","exp":200})", 150),
              describe(TokenProblem::WrongIssuer));
    EXPECT_EQ(verdict(header, R"({"sub":"u","iss":"https://login.example.com","exp":200})", 150),
              describe(TokenProblem::WrongAudience));
}

TEST(JwtVerifier, RefusesATokenInsideATokenAndFiveParts) {
    const std::string inner = signToken(R"({"alg":"HS256"})", R"({"sub":"u","exp":200})");
    EXPECT_EQ(verdictOf(verify(inner, 0)), describe(TokenProblem::BadClaims));
    EXPECT_EQ(verdictOf(verifyToken(inner + ".AA.AA", keysOf(kTestSecret), {}, 0)),
              describe(TokenProblem::Malformed));
}

}  // namespace
}  // namespace edgerun::auth
