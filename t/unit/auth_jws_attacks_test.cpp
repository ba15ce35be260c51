// Attacks on verifiers that were published for others.

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "auth_signed_token.h"
#include "auth_signing_key.h"
#include "auth_vector_files.h"

namespace edgerun::auth {
namespace {

std::string verdict(const std::string& token, const VerificationKeys& keys) {
    const std::string verdict = verdictOf(verifyCompact(token, keys));
    EXPECT_EQ(ERR_peek_error(), 0U);
    return verdict;
}

const std::string kWrongAlgorithm = describe(TokenProblem::WrongAlgorithm);

/// Whatever an attacker may take for the bytes of a public key.
std::vector<std::string> publicFormsOf(const SigningKey& key) {
    std::vector<std::string> forms;
    for (const std::string& form :
         {key.publicPem(), key.certificatePem(), key.publicDer(), key.certificateDer(), key.jwk(),
          key.jwk(R"("kid":"a")"), "{\"keys\":[" + key.jwk() + "]}"}) {
        for (const char* before : {"", " ", "\n"}) {
            forms.push_back(before + form);
            forms.push_back(before + form + "\n");
            forms.push_back(before + form.substr(0, form.size() - 1));
        }
    }
    return forms;
}

TEST(JwsAttacks, ATokenSignedWithAPublicKeyAsSecretIsRefused) {
    // libjwt issue 200, cpp-jwt issue 102, CVE-2023-48223, CVE-2026-34950, CVE-2024-37568.
    for (const Algorithm algorithm : {Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA}) {
        const SigningKey& key = signingKeyFor(algorithm);
        for (const std::string& file : {key.jwk(R"("kid":"a")"), key.publicPem()}) {
            const VerificationKeys keys = keysOfFile(file);
            ASSERT_EQ(keys.size(), 1U);
            for (const std::string& secret : publicFormsOf(key)) {
                EXPECT_EQ(verdict(signToken(R"({"alg":"HS256"})", "{}", secret), keys),
                          kWrongAlgorithm);
                EXPECT_NE(verdict(signToken(R"({"alg":"HS256","kid":"a"})", "{}", secret), keys),
                          "accepted");
                EXPECT_NE(verdict(signToken(headerFor(algorithm), "{}", secret), keys), "accepted");
            }
        }
    }
}

TEST(JwsAttacks, ATokenSignedWithAnEmptySecretIsRefusedByEveryPublicKey) {
    // CVE-2026-44699: an RSA key without alg taken for an HMAC key without bytes.
    for (const Algorithm algorithm : {Algorithm::RS256, Algorithm::ES512, Algorithm::EdDSA}) {
        const VerificationKeys keys = keysOfFile(signingKeyFor(algorithm).jwk());
        for (const char* header : {R"({"alg":"HS256"})", R"({"alg":"HS512"})"}) {
            EXPECT_EQ(verdict(signToken(header, "{}", ""), keys), kWrongAlgorithm);
        }
    }
}

TEST(JwsAttacks, NoneIsRefusedWithAndWithoutAKnownKid) {
    // CVE-2015-9235, CVE-2022-23540.
    const SigningKey& key = signingKeyFor(Algorithm::ES256);
    const VerificationKeys keys = keysOfFile(key.jwk(R"("kid":"a")"));
    for (const char* alg : {R"("alg":"none")", R"("alg":"None")", R"("alg":"nOnE")", R"("alg":"")",
                            R"("alg":0)", R"("alg":null)", R"("typ":"JWT")"}) {
        for (const char* kid : {"", R"(,"kid":"a")"}) {
            const std::string header = "{" + std::string(alg) + kid + "}";
            EXPECT_EQ(verdict(signTokenBy(key, Algorithm::ES256, header), keys), kWrongAlgorithm);
            EXPECT_EQ(verdict(text::encodeBase64Url(header) + ".e30.", keys),
                      describe(TokenProblem::Malformed));
        }
    }
}

TEST(JwsAttacks, AKeyInTheHeaderIsNotRead) {
    // CVE-2018-0114: signed with the key that the token brings.
    const SigningKey own = SigningKey::ec("P-256");
    const VerificationKeys keys = keysOfFile(signingKeyFor(Algorithm::ES256).jwk());
    for (const std::string& more :
         {"\"jwk\":" + own.jwk(), std::string(R"("jku":"http://127.0.0.1:1/")"),
          R"("x5c":[")" + text::encodeBase64Url(own.certificateDer()) + "\"]",
          std::string(R"("x5u":"http://127.0.0.1:1/")")}) {
        EXPECT_EQ(
            verdict(signTokenBy(own, Algorithm::ES256, headerFor(Algorithm::ES256, more)), keys),
            describe(TokenProblem::BadSignature));
    }
}

TEST(JwsAttacks, AKidIsComparedAndNothingElse) {
    const SigningKey& key = signingKeyFor(Algorithm::ES256);
    const VerificationKeys keys = keysOfFile(key.jwk(R"("kid":"a")"));
    for (const char* kid : {"../../dev/null", "/dev/null", "' OR '1'='1", "a/../a", "a%00", "*",
                            "http://127.0.0.1:1/key", "|id", "A", "aa", ""}) {
        const std::string header =
            headerFor(Algorithm::ES256, R"("kid":")" + std::string(kid) + '"');
        EXPECT_EQ(verdict(signTokenBy(key, Algorithm::ES256, header), keys),
                  describe(TokenProblem::UnknownKey))
            << kid;
        // Signed with the empty secret that reading /dev/null would give.
        EXPECT_NE(verdict(signToken(R"({"alg":"HS256","kid":"../../dev/null"})", "{}", ""), keys),
                  "accepted");
    }
    for (const std::string& kid :
         {std::string(R"("a\u0000")"), std::string("1"), std::string("null"),
          std::string(R"(["a"])"), '"' + std::string(8192, 'a') + '"'}) {
        EXPECT_EQ(verdict(signTokenBy(key, Algorithm::ES256,
                                      headerFor(Algorithm::ES256, "\"kid\":" + kid)),
                          keys),
                  describe(TokenProblem::BadHeader));
    }
}

TEST(JwsAttacks, CritAndUnencodedPayloadsAreRefusedThoughTheSignatureIsRight) {
    // CVE-2025-59420, CVE-2026-32597.
    const SigningKey& key = signingKeyFor(Algorithm::EdDSA);
    const VerificationKeys keys = keysOfFile(key.jwk());
    for (const char* more : {R"("crit":["x"],"x":1)", R"("crit":["b64"],"b64":false)",
                             R"("b64":false)", R"("crit":[])"}) {
        EXPECT_EQ(
            verdict(signTokenBy(key, Algorithm::EdDSA, headerFor(Algorithm::EdDSA, more)), keys),
            describe(TokenProblem::BadHeader));
    }
}

TEST(JwsAttacks, DuplicateMembersAreRefusedThoughTheSignatureIsRight) {
    const SigningKey& key = signingKeyFor(Algorithm::EdDSA);
    const VerificationKeys keys = keysOfFile(key.jwk());
    for (const char* header : {R"({"alg":"none","alg":"EdDSA"})", R"({"alg":"EdDSA","alg":"none"})",
                               R"({"alg":"EdDSA","kid":"a","k\u0069d":"b"})"}) {
        EXPECT_EQ(verdict(signTokenBy(key, Algorithm::EdDSA, header), keys),
                  describe(TokenProblem::BadHeader));
    }
}

TEST(JwsAttacks, ForgedSignaturesOfEveryShapeAreRefused) {
    // CVE-2022-21449 (zeros), DER instead of r and s, and lengths of other keys.
    const SigningKey& key = signingKeyFor(Algorithm::ES256);
    const VerificationKeys keys = keysOfFile(key.jwk());
    const std::string input = text::encodeBase64Url(headerFor(Algorithm::ES256)) + ".e30";
    const std::string right = key.sign(Algorithm::ES256, input);
    ASSERT_EQ(verdict(input + "." + text::encodeBase64Url(right), keys), "accepted");
    for (const std::string& forged :
         {std::string(64, '\0'), std::string(64, '\xFF'), std::string(8, '\0'),
          key.signRaw("ES256", input), right + right, '\0' + right, right + '\0',
          std::string(32, '\0') + right + std::string(32, '\0'), right.substr(0, 63),
          std::string(8192, '\x01')}) {
        EXPECT_EQ(verdict(input + "." + text::encodeBase64Url(forged), keys),
                  describe(TokenProblem::BadSignature));
    }
}

TEST(JwsAttacks, NoPublicFormOfAKeyPassesAsASecret) {
    for (const Algorithm algorithm : {Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA}) {
        const SigningKey& key = signingKeyFor(algorithm);
        for (const std::string& form :
             {key.publicPem(), "\n" + key.certificatePem(), key.publicDer(), key.certificateDer(),
              key.jwk(), " " + key.jwk() + "\n", "{\"keys\":[" + key.jwk() + "]}"}) {
            EXPECT_EQ(hmacKey(form), nullptr) << form;
        }
    }
    // A secret may begin as they do.
    EXPECT_NE(hmacKey("{" + std::string(40, 's')), nullptr);
    EXPECT_NE(hmacKey("\x30\x59\x30\x13" + std::string(40, 's')), nullptr);
}

}  // namespace
}  // namespace edgerun::auth
