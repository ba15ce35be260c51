#include "edgerun/auth/jws.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "auth_signed_token.h"

namespace edgerun::auth {
namespace {

constexpr const char* kHeader = R"({"alg":"HS256"})";

std::variant<std::string, TokenProblem> verify(std::string_view token) {
    return verifyCompact(token, keysOf(kTestSecret));
}

std::string verdictForHeader(std::string_view header) {
    return verdictOf(verify(signToken(header, "{}")));
}

const std::string kMalformed = describe(TokenProblem::Malformed);
const std::string kBadHeader = describe(TokenProblem::BadHeader);
const std::string kWrongAlgorithm = describe(TokenProblem::WrongAlgorithm);
const std::string kBadSignature = describe(TokenProblem::BadSignature);

TEST(Jws, AcceptsTheExampleOfRfc7515AppendixA1) {
    const auto secret = text::decodeBase64Url(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
    const auto payload = verifyCompact(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cn"
        "VlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        keysOf(*secret));
    ASSERT_TRUE(std::holds_alternative<std::string>(payload)) << verdictOf(payload);
    EXPECT_EQ(std::get<std::string>(payload),
              "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}");
}

TEST(Jws, AcceptsEachHmacAlgorithmThatTheKeyIsLongEnoughFor) {
    const std::pair<const char*, const EVP_MD*> algorithms[] = {
        {"HS256", EVP_sha256()}, {"HS384", EVP_sha384()}, {"HS512", EVP_sha512()}};
    for (const std::size_t bytes : {32U, 47U, 48U, 63U, 64U, 200U}) {
        const std::string secret(bytes, 's');
        std::size_t needed = 32;
        for (const auto& [name, digest] : algorithms) {
            const std::string header = std::string(R"({"alg":")") + name + "\"}";
            const auto payload =
                verifyCompact(signToken(header, "{}", secret, digest), keysOf(secret));
            EXPECT_EQ(verdictOf(payload), bytes >= needed ? "accepted" : kWrongAlgorithm)
                << name << " with " << bytes;
            needed += 16;
        }
    }
}

TEST(Jws, RefusesTheTagOfAnotherHmacAlgorithmThanTheHeaderNames) {
    const auto sha512 = signToken(kHeader, "{}", kTestSecret, EVP_sha512());
    EXPECT_EQ(verdictOf(verify(sha512)), kBadSignature);
    const auto sha256 = signToken(R"({"alg":"HS512"})", "{}");
    EXPECT_EQ(verdictOf(verify(sha256)), kBadSignature);
}

TEST(Jws, RefusesEveryAlgorithmNameButTheKeysOwn) {
    // CVE-2015-9235, CVE-2022-23540; libjwt issue 200 and its kind: a header of
    // another family never reaches the HMAC key.
    const char* const algorithms[] = {R"("none")",   R"("None")",    R"("NONE")",
                                      R"("nOnE")",   R"("")",        R"("hs256")",
                                      R"("HS256 ")", R"(" HS256")",  R"("HS1")",
                                      R"("HS2560")", R"("RS256")",   R"("PS256")",
                                      R"("ES256")",  R"("EdDSA")",   R"("dir")",
                                      "0",           "256",          "null",
                                      "true",        R"(["HS256"])", R"({"alg":"HS256"})"};
    const VerificationKeys knownKey = {hmacKey(kTestSecret, "known")};
    for (const std::string algorithm : algorithms) {
        for (const char* more : {"", R"(,"typ":"JWT")", R"(,"kid":"known","typ":"JWT")"}) {
            const std::string header = "{\"alg\":" + algorithm + more + "}";
            EXPECT_EQ(verdictOf(verifyCompact(signToken(header, "{}"), knownKey)), kWrongAlgorithm)
                << algorithm;
        }
    }
    EXPECT_EQ(verdictForHeader("{}"), kWrongAlgorithm);
    EXPECT_EQ(verdictForHeader(R"({"ALG":"HS256"})"), kWrongAlgorithm);
    EXPECT_EQ(verdictForHeader(R"({"alg":"HS\u0032\u0035\u0036"})"), "accepted");
}

TEST(Jws, RefusesNoneWithoutASignature) {
    const std::string input = text::encodeBase64Url(R"({"alg":"none"})") + "." +
                              text::encodeBase64Url(R"({"sub":"eve","exp":9999999999})");
    EXPECT_EQ(verdictOf(verify(input + ".")), kMalformed);
    EXPECT_EQ(verdictOf(verify(input)), kMalformed);
    EXPECT_EQ(verdictOf(verify(input + ".AA")), kWrongAlgorithm);
}

TEST(Jws, RefusesEveryCritAndB64) {
    // CVE-2025-59420, CVE-2026-32597: extensions that are not understood.
    const char* const members[] = {R"("crit":["x"],"x":1)",
                                   R"("crit":["b64"],"b64":false)",
                                   R"("crit":["b64"],"b64":true)",
                                   R"("crit":["exp"],"exp":1)",
                                   R"("crit":[])",
                                   R"("crit":null)",
                                   R"("crit":"")",
                                   R"("\u0063rit":["x"])",
                                   R"("b64":false)",
                                   R"("b64":true)",
                                   R"("b64":null)"};
    for (const std::string member : members) {
        EXPECT_EQ(verdictForHeader("{\"alg\":\"HS256\"," + member + "}"), kBadHeader) << member;
    }
}

TEST(Jws, RefusesDuplicateHeaderMembersHoweverTheyAreSpelled) {
    for (const char* header :
         {R"({"alg":"none","alg":"HS256"})", R"({"alg":"HS256","alg":"HS256"})",
          R"({"alg":"HS256","al\u0067":"none"})", R"({"alg":"HS256","x":{"y":1,"y":1}})"}) {
        EXPECT_EQ(verdictForHeader(header), kBadHeader) << header;
    }
}

TEST(Jws, AcceptsTheTypesOfTokensOnly) {
    for (const char* type : {"JWT", "jwt", "at+jwt", "AT+JWT", "application/jwt",
                             "application/at+jwt", "Application/JWT"}) {
        EXPECT_EQ(verdictForHeader(std::string(R"({"alg":"HS256","typ":")") + type + "\"}"),
                  "accepted")
            << type;
    }
    for (const char* type :
         {R"("")", R"("JOSE")", R"("JOSE+JSON")", R"("logout+jwt")", R"("dpop+jwt")", R"("jwt ")",
          R"("JW")", R"("text/jwt")", "null", "1", R"(["JWT"])"}) {
        EXPECT_EQ(verdictForHeader(std::string(R"({"alg":"HS256","typ":)") + type + "}"),
                  kBadHeader)
            << type;
    }
}

TEST(Jws, TakesKidForNothingButAShortString) {
    const std::string longest(256, 'k');
    for (const std::string& kid :
         {std::string(), std::string("../../dev/null"), std::string("' OR 1=1 --"), longest}) {
        EXPECT_EQ(verdictForHeader(R"({"alg":"HS256","kid":")" + kid + "\"}"), "accepted") << kid;
    }
    for (const std::string& kid :
         {"\"" + longest + "k\"", "\"" + std::string(8192, 'k') + "\"", std::string(R"("a\u0000")"),
          std::string("1"), std::string("null"), std::string(R"(["k"])")}) {
        EXPECT_EQ(verdictForHeader(R"({"alg":"HS256","kid":)" + kid + "}"), kBadHeader) << kid;
    }
}

TEST(Jws, DoesNotReadKeysThatTheTokenBrings) {
    // CVE-2018-0114: signed with the key that it brings along.
    const std::string own(32, 'e');
    const std::string header = R"({"alg":"HS256","jwk":{"kty":"oct","k":")" +
                               text::encodeBase64Url(own) +
                               R"("},"jku":"http://127.0.0.1:1/","x5u":"http://127.0.0.1:1/"})";
    EXPECT_EQ(verdictOf(verify(signToken(header, "{}", own))), kBadSignature);
    EXPECT_EQ(verdictForHeader(header), "accepted");
}

TEST(Jws, RefusesAHeaderThatIsNoJsonObject) {
    for (const std::string_view header :
         {std::string_view("null"), std::string_view("[]"), std::string_view("\"alg\""),
          std::string_view("{\"alg\":\"HS256\""), std::string_view("{\"alg\":\"HS256\"} x"),
          std::string_view("\xEF\xBB\xBF{\"alg\":\"HS256\"}"),
          std::string_view("{\"alg\":\"HS256\"}\0", 16), std::string_view("{'alg':'HS256'}"),
          std::string_view("{\"alg\":\"HS256\",\"x\":\"\xFF\"}")}) {
        EXPECT_EQ(verdictForHeader(header), kBadHeader) << header;
    }
}

TEST(Jws, RefusesADeepHeader) {
    const std::string deep = std::string(3000, '[') + std::string(3000, ']');
    EXPECT_EQ(verdictForHeader(R"({"alg":"HS256","x":)" + deep + "}"), kBadHeader);
}

TEST(Jws, RefusesAllButThreePartsWithAHeaderAndASignature) {
    const std::string token = signToken(kHeader, "{}");
    const std::size_t first = token.find('.'), second = token.rfind('.');
    ASSERT_EQ(verdictOf(verify(token)), "accepted");
    const std::string bad[] = {"",
                               ".",
                               "..",
                               "...",
                               token.substr(0, first),
                               token.substr(0, second),
                               token.substr(0, second + 1),
                               token.substr(first),
                               token.substr(first + 1),
                               token + ".",
                               token + "..",
                               "." + token,
                               token + ".AA",
                               token + ".AA.AA",
                               std::string(kMaxTokenBytes, '.')};
    for (const std::string& text : bad) {
        EXPECT_EQ(verdictOf(verify(text)), kMalformed) << text.substr(0, 200);
    }
}

TEST(Jws, RefusesTheJsonSerializations) {
    const std::string token = signToken(kHeader, "{}");
    const std::size_t first = token.find('.'), second = token.rfind('.');
    const std::string part[] = {token.substr(0, first), token.substr(first + 1, second - first - 1),
                                token.substr(second + 1)};
    EXPECT_EQ(verdictOf(verify(R"({"protected":")" + part[0] + R"(","payload":")" + part[1] +
                               R"(","signature":")" + part[2] + "\"}")),
              kMalformed);
    EXPECT_EQ(verdictOf(verify("{\"a.b.c\":1}")), kMalformed);
}

TEST(Jws, RefusesWhatIsNotStrictBase64UrlInAnyPart) {
    const std::string token = signToken(kHeader, "{\"a\":1}");
    for (std::size_t at = 0; at <= token.size(); ++at) {
        for (const char foreign : {' ', '\n', '\t', '=', '+', '/', '?', '%', '\0', '\x80'}) {
            std::string changed = token;
            changed.insert(at, 1, foreign);
            ASSERT_EQ(verdictOf(verify(changed)), kMalformed) << at << " " << int{foreign};
        }
    }
}

TEST(Jws, RefusesEverySingleChangedCharacter) {
    const std::string token = signToken(kHeader, "{\"sub\":\"a\"}");
    for (std::size_t at = 0; at < token.size(); ++at) {
        std::string changed = token;
        changed[at] = changed[at] == 'A' ? 'B' : 'A';
        ASSERT_NE(verdictOf(verify(changed)), "accepted") << at;
    }
}

TEST(Jws, RefusesSignaturesOfAnotherLength) {
    const std::string input = text::encodeBase64Url(kHeader) + "." + text::encodeBase64Url("{}");
    const std::string mac = hmac(EVP_sha256(), kTestSecret, input);
    for (std::size_t bytes = 1; bytes < mac.size(); ++bytes) {
        EXPECT_EQ(verdictOf(verify(input + "." + text::encodeBase64Url(mac.substr(0, bytes)))),
                  kBadSignature);
    }
    EXPECT_EQ(verdictOf(verify(input + "." + text::encodeBase64Url(mac + '\0'))), kBadSignature);
    EXPECT_EQ(verdictOf(verify(input + "." + text::encodeBase64Url(mac + mac))), kBadSignature);
}

TEST(Jws, RefusesMoreThanTheLargestToken) {
    const std::string small = signToken(kHeader, "");
    std::string token =
        signToken(kHeader, std::string((kMaxTokenBytes - small.size()) / 4 * 3, 'x'));
    ASSERT_GT(token.size(), kMaxTokenBytes - 8);
    ASSERT_LE(token.size(), kMaxTokenBytes);
    EXPECT_EQ(verdictOf(verify(token)), "accepted");
    token.resize(kMaxTokenBytes + 1, 'A');
    EXPECT_EQ(verdictOf(verify(token)), describe(TokenProblem::TooLarge));
    EXPECT_EQ(verdictOf(verify(std::string(4U << 20, '.'))), describe(TokenProblem::TooLarge));
}

TEST(Jws, TriesEachKeyThatAllowsTheAlgorithm) {
    const std::string other(32, 'o');
    EXPECT_EQ(verdictOf(verifyCompact(signToken(kHeader, "{}"), keysOf(other, kTestSecret))),
              "accepted");
    EXPECT_EQ(verdictOf(verifyCompact(signToken(kHeader, "{}", other), keysOf(other, kTestSecret))),
              "accepted");
    EXPECT_EQ(verdictOf(verifyCompact(signToken(kHeader, "{}"), keysOf(other))), kBadSignature);
    EXPECT_EQ(verdictOf(verifyCompact(signToken(kHeader, "{}"), {})), kWrongAlgorithm);
}

/// Takes any signature, under the one algorithm that it allows.
class CredulousKey final : public VerificationKey {
public:
    explicit CredulousKey(Algorithm algorithm) : VerificationKey({}, {algorithm}) {}
    bool verify(Algorithm, std::string_view, std::string_view) const override { return true; }
};

/// Takes any signature under HS256.
class NamedKey final : public VerificationKey {
public:
    explicit NamedKey(std::string name) : VerificationKey(std::move(name), {Algorithm::HS256}) {}
    bool verify(Algorithm, std::string_view, std::string_view) const override { return true; }
};

TEST(Jws, NeverAsksAKeyAboutAnAlgorithmThatItDoesNotAllow) {
    VerificationKeys keys = keysOf(std::string(32, 'o'));
    keys.push_back(std::make_shared<CredulousKey>(Algorithm::HS512));
    EXPECT_EQ(verdictOf(verifyCompact(signToken(R"({"alg":"HS512"})", "{}"), keys)), "accepted");
    EXPECT_EQ(verdictOf(verifyCompact(signToken(kHeader, "{}"), keys)), kBadSignature);
}

TEST(Jws, AsksTheKeyThatATokenNamesBeforeThoseWithoutName) {
    VerificationKeys keys(kMaxTries + 1, keysOf(std::string(32, 'o')).front());
    EXPECT_EQ(verdictOf(verifyCompact(signToken(R"({"alg":"HS256","kid":"a"})", "{}"), keys)),
              describe(TokenProblem::UnknownKey));
    keys.push_back(std::make_shared<NamedKey>("a"));
    EXPECT_EQ(verdictOf(verifyCompact(signToken(R"({"alg":"HS256","kid":"a"})", "{}"), keys)),
              "accepted");
    EXPECT_EQ(verdictOf(verifyCompact(signToken(kHeader, "{}"), keys)), kBadSignature);
}

TEST(Jws, LeavesOpenSslsErrorQueueEmpty) {
    for (const char* token : {"a.b.c", "", "e30.e30.AA"}) {
        verify(token);
    }
    std::string forged = signToken(kHeader, "{}");
    forged[forged.size() - 5] ^= 1;
    EXPECT_EQ(verdictOf(verify(forged)), kBadSignature);
    EXPECT_EQ(ERR_peek_error(), 0U);
}

}  // namespace
}  // namespace edgerun::auth
