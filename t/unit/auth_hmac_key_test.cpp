#include "edgerun/auth/hmac_key.h"

#include <gtest/gtest.h>

#include "auth_signed_token.h"

namespace edgerun::auth {
namespace {

/// Empty for a secret that makes a key.
std::string faultOf(std::string_view secret, AlgorithmSet algorithms = AlgorithmSet::all()) {
    const auto made = makeHmacKey(secret, {}, algorithms);
    const auto* fault = std::get_if<const char*>(&made);
    return fault != nullptr ? *fault : "";
}

TEST(HmacKey, NeedsASecretOf32Bytes) {
    for (const std::size_t bytes : {0U, 1U, 16U, 31U}) {
        EXPECT_EQ(faultOf(std::string(bytes, 's')), "shorter than 32 bytes") << bytes;
    }
    EXPECT_NE(hmacKey(std::string(32, 's')), nullptr);
    EXPECT_NE(hmacKey(std::string(32, '\0')), nullptr);
    EXPECT_NE(hmacKey(std::string(64 * 1024, 's')), nullptr);
}

TEST(HmacKey, IsNeverAPublicKeyOrCertificate) {
    // CVE-2023-48223, CVE-2026-34950: also with blanks before it.
    const std::string body = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n";
    for (const char* label : {"PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE", "PRIVATE KEY"}) {
        for (const char* before : {"", "\n", " \t", "\xEF\xBB\xBF"}) {
            const std::string pem = std::string(before) + "-----BEGIN " + label + "-----\n" + body +
                                    "-----END " + label + "-----\n";
            EXPECT_EQ(faultOf(pem), "a PEM key or certificate, not a shared secret") << pem;
        }
    }
}

TEST(HmacKey, AllowsTheAlgorithmsWhoseHashIsNotLongerThanTheSecret) {
    const auto allowed = [](std::size_t bytes) {
        const auto key = hmacKey(std::string(bytes, 's'));
        return std::array{key->allows(Algorithm::HS256), key->allows(Algorithm::HS384),
                          key->allows(Algorithm::HS512)};
    };
    EXPECT_EQ(allowed(32), (std::array{true, false, false}));
    EXPECT_EQ(allowed(47), (std::array{true, false, false}));
    EXPECT_EQ(allowed(48), (std::array{true, true, false}));
    EXPECT_EQ(allowed(63), (std::array{true, true, false}));
    EXPECT_EQ(allowed(64), (std::array{true, true, true}));
}

TEST(HmacKey, NeedsAnAlgorithmThatTheSecretFits) {
    for (const Algorithm algorithm : {Algorithm::HS384, Algorithm::RS256}) {
        EXPECT_EQ(faultOf(std::string(32, 's'), {algorithm}),
                  "unfit for its alg, which is not for secrets or has a longer hash");
    }
}

TEST(HmacKey, DoesNotVerifyWhatItDoesNotAllow) {
    const std::string secret(32, 's');
    const auto key = hmacKey(secret);
    EXPECT_FALSE(key->verify(Algorithm::HS384, "x", hmac(EVP_sha384(), secret, "x")));
    EXPECT_FALSE(key->verify(Algorithm::HS512, "x", hmac(EVP_sha512(), secret, "x")));
}

TEST(HmacKey, StartsOverForEachVerification) {
    const auto key = hmacKey(kTestSecret);
    for (int round = 0; round < 3; ++round) {
        EXPECT_TRUE(key->verify(Algorithm::HS256, "a", hmac(EVP_sha256(), kTestSecret, "a")));
        EXPECT_FALSE(key->verify(Algorithm::HS256, "b", hmac(EVP_sha256(), kTestSecret, "a")));
        EXPECT_TRUE(key->verify(Algorithm::HS512, "a", hmac(EVP_sha512(), kTestSecret, "a")));
        EXPECT_TRUE(key->verify(Algorithm::HS256, "", hmac(EVP_sha256(), kTestSecret, "")));
    }
}

TEST(HmacKey, ComparesEveryByteOfTheSignature) {
    const auto key = hmacKey(kTestSecret);
    const std::string mac = hmac(EVP_sha256(), kTestSecret, "input");
    for (std::size_t at = 0; at < mac.size(); ++at) {
        std::string changed = mac;
        changed[at] ^= 1;
        EXPECT_FALSE(key->verify(Algorithm::HS256, "input", changed)) << at;
    }
}

TEST(Algorithm, IsKnownByItsExactNameOnly) {
    for (const Algorithm algorithm : {Algorithm::HS256, Algorithm::PS384, Algorithm::EdDSA}) {
        EXPECT_EQ(algorithmNamed(nameOf(algorithm)), algorithm);
    }
    for (const char* name : {"", "none", "hs256", "HS256 ", "HS", "RS128", "ES256K"}) {
        EXPECT_FALSE(algorithmNamed(name)) << name;
    }
}

}  // namespace
}  // namespace edgerun::auth
