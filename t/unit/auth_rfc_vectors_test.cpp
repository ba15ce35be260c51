// RFC 7515 appendix A, RFC 7520 section 4 and RFC 8037 appendix A.

#include <gtest/gtest.h>

#include "auth_signed_token.h"
#include "auth_vector_files.h"
#include "edgerun/auth/jwk.h"

namespace edgerun::auth {
namespace {

std::string fileOf(const json_t* jwk) {
    return text::dumpJson(jwk);
}

/// RFC 7520 gives private keys; a file may not hold them, and their private members are not read.
VerificationKeys keysOfJwk(const json_t* jwk) {
    auto key = readJwk(jwk);
    const auto* usable = std::get_if<VerificationKeyPtr>(&key);
    return usable != nullptr ? VerificationKeys{*usable} : VerificationKeys();
}

TEST(RfcVectors, OfRfc7515AndRfc8037AreJudgedAsTheyAreMeant) {
    const text::JsonPtr file = loadVectors("rfc/rfc_vectors.json");
    if (!file) {
        GTEST_SKIP() << "no vectors in " << dataDirectory();
    }
    const std::pair<const char*, std::string> expected[] = {
        {"rfc7515-A1-HS256", "accepted"},
        {"rfc7515-A2-RS256", "accepted"},
        {"rfc7515-A3-ES256", "accepted"},
        {"rfc7515-A4-ES512", "accepted"},
        {"rfc7515-A5-none", describe(TokenProblem::Malformed)},  // its signature is empty
        {"rfc8037-A4-Ed25519", "accepted"},
    };
    const json_t* tests = json_object_get(file.get(), "tests");
    ASSERT_EQ(json_array_size(tests), std::size(expected));
    for (std::size_t i = 0; i < std::size(expected); ++i) {
        const json_t* test = json_array_get(tests, i);
        EXPECT_EQ(member(test, "name"), expected[i].first);
        const VerificationKeys keys = keysOfFile(fileOf(json_object_get(test, "jwk")));
        ASSERT_EQ(keys.size(), 1U) << expected[i].first;
        EXPECT_EQ(verdictOf(verifyCompact(member(test, "jws"), keys)), expected[i].second)
            << expected[i].first;
    }
}

/// An example of RFC 7520 that has a compact serialization.
struct Cookbook {
    const char* file;
    bool isAccepted;
};

constexpr Cookbook kCookbook[] = {
    {"cookbook_4_1.rsa_v15_signature.json", true},
    {"cookbook_4_2.rsa-pss_signature.json", true},
    {"cookbook_4_3.ecdsa_signature.json", true},
    {"cookbook_4_4.hmac-sha2_integrity_protection.json", true},
    // Detached: the payload is not in the token, and what is there was not signed.
    {"cookbook_4_5.signature_with_detached_content.json", false},
    {"cookbook_jws.json", true},  // RFC 8037 appendix A.4
};

TEST(RfcVectors, OfRfc7520InCompactFormAreAcceptedWithTheirPayload) {
    for (const Cookbook& example : kCookbook) {
        const text::JsonPtr file = loadVectors(std::string("rfc/") + example.file);
        if (!file) {
            GTEST_SKIP() << "no vectors in " << dataDirectory();
        }
        const json_t* input = json_object_get(file.get(), "input");
        const VerificationKeys keys = keysOfJwk(json_object_get(input, "key"));
        ASSERT_EQ(keys.size(), 1U) << example.file;
        const auto result =
            verifyCompact(member(json_object_get(file.get(), "output"), "compact"), keys);
        if (!example.isAccepted) {
            EXPECT_EQ(verdictOf(result), describe(TokenProblem::BadSignature)) << example.file;
            continue;
        }
        ASSERT_EQ(verdictOf(result), "accepted") << example.file;
        EXPECT_EQ(std::get<std::string>(result), member(input, "payload"));
    }
}

/// Header members in the clear and several signatures exist in the JSON serialization only
/// (RFC 7520 sections 4.6 to 4.8); tokens are compact (RFC 7519 section 1).
TEST(RfcVectors, InJsonSerializationAreMalformed) {
    int seen = 0;
    for (const char* name :
         {"4_1.rsa_v15_signature", "4_2.rsa-pss_signature", "4_3.ecdsa_signature",
          "4_4.hmac-sha2_integrity_protection", "4_5.signature_with_detached_content",
          "4_6.protecting_specific_header_fields", "4_7.protecting_content_only",
          "4_8.multiple_signatures"}) {
        const text::JsonPtr file = loadVectors(std::string("rfc/cookbook_") + name + ".json");
        if (!file) {
            GTEST_SKIP() << "no vectors in " << dataDirectory();
        }
        const json_t* input = json_object_get(file.get(), "input");
        const json_t* key = json_object_get(input, "key");
        const VerificationKeys keys = keysOfJwk(json_is_array(key) ? json_array_get(key, 2) : key);
        ASSERT_EQ(keys.size(), 1U) << name;
        for (const char* form : {"json", "json_flat"}) {
            const json_t* token = json_object_get(json_object_get(file.get(), "output"), form);
            if (token != nullptr) {
                ++seen;
                EXPECT_EQ(verdictOf(verifyCompact(text::dumpJson(token), keys)),
                          describe(TokenProblem::Malformed))
                    << name;
            }
        }
    }
    EXPECT_EQ(seen, 15);
}

/// What stands in those of the JSON serialization is signed as any other: the key itself
/// verifies it.
TEST(RfcVectors, OfRfc7520InJsonSerializationAreVerifiedByTheirKeys) {
    int seen = 0;
    for (const char* name :
         {"4_6.protecting_specific_header_fields", "4_7.protecting_content_only"}) {
        const text::JsonPtr file = loadVectors(std::string("rfc/cookbook_") + name + ".json");
        if (!file) {
            GTEST_SKIP() << "no vectors in " << dataDirectory();
        }
        const VerificationKeys keys =
            keysOfJwk(json_object_get(json_object_get(file.get(), "input"), "key"));
        const json_t* signing = json_object_get(file.get(), "signing");
        const auto signature = text::decodeBase64Url(member(signing, "sig"));
        ASSERT_TRUE(keys.size() == 1 && signature) << name;
        ++seen;
        EXPECT_TRUE(keys[0]->verify(Algorithm::HS256, member(signing, "sig-input"), *signature));
    }
    EXPECT_EQ(seen, 2);
}

TEST(RfcVectors, KeysOfRfc7520AreReadOrRefusedAsTheirUseSays) {
    const std::tuple<const char*, std::size_t, const char*> expected[] = {
        {"3_1.ec_public_key", 1, ""},
        {"3_2.ec_private_key", 0, "is a private key: whoever reads it can sign"},
        {"3_3.rsa_public_key", 1, ""},
        {"3_4.rsa_private_key", 0, "is a private key: whoever reads it can sign"},
        {"3_5.symmetric_key_mac_computation", 1, ""},
        {"3_6.symmetric_key_encryption", 0, "holds no key that verifies signatures"},
    };
    for (const auto& [name, count, fault] : expected) {
        const text::JsonPtr jwk = loadVectors(std::string("rfc/cookbook_") + name + ".json");
        if (!jwk) {
            GTEST_SKIP() << "no vectors in " << dataDirectory();
        }
        EXPECT_EQ(keysOfFile(fileOf(jwk.get())).size(), count) << name;
        EXPECT_NE(faultsOfFile(fileOf(jwk.get())).find(fault), std::string::npos) << name;
    }
}

}  // namespace
}  // namespace edgerun::auth
