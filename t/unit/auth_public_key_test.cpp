#include <gtest/gtest.h>
#include <openssl/err.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth_signing_key.h"
#include "auth_vector_files.h"

namespace edgerun::auth {
namespace {

struct Scheme {
    const char* name;
    Algorithm algorithm;
    const char* edwardsCurve = "Ed25519";
};

constexpr Scheme kSchemes[] = {
    {"RS256", Algorithm::RS256},          {"RS384", Algorithm::RS384},
    {"RS512", Algorithm::RS512},          {"PS256", Algorithm::PS256},
    {"PS384", Algorithm::PS384},          {"PS512", Algorithm::PS512},
    {"ES256", Algorithm::ES256},          {"ES384", Algorithm::ES384},
    {"ES512", Algorithm::ES512},          {"Ed25519", Algorithm::EdDSA},
    {"Ed448", Algorithm::EdDSA, "Ed448"},
};

const SigningKey& ed448() {
    static const SigningKey key = SigningKey::edwards("Ed448");
    return key;
}

/// A fresh verification key for each test.
class PublicKeyOf : public testing::TestWithParam<Scheme> {
protected:
    const SigningKey& signer() const {
        return std::string_view(GetParam().name) == "Ed448" ? ed448()
                                                            : signingKeyFor(GetParam().algorithm);
    }
    std::string sign(std::string_view input) const {
        return signer().sign(GetParam().algorithm, input);
    }
    bool verifies(std::string_view input, std::string_view signature) const {
        const bool matches = key_->verify(GetParam().algorithm, input, signature);
        EXPECT_EQ(ERR_peek_error(), 0U);
        return matches;
    }
    void SetUp() override {
        const VerificationKeys keys = keysOfFile(signer().publicPem());
        ASSERT_EQ(keys.size(), 1U);
        key_ = keys[0];
    }

    VerificationKeyPtr key_;
};

INSTANTIATE_TEST_SUITE_P(All, PublicKeyOf, testing::ValuesIn(kSchemes),
                         [](const auto& info) { return info.param.name; });

TEST_P(PublicKeyOf, VerifiesWhatItsPrivateKeySigned) {
    for (const std::string& input : {std::string(), std::string("x"), std::string(16384, 'x')}) {
        EXPECT_TRUE(verifies(input, sign(input))) << input.size();
    }
}

TEST_P(PublicKeyOf, VerifiesAgainAfterASignatureThatItRefused) {
    const std::string signature = sign("a");
    for (int round = 0; round < 3; ++round) {
        EXPECT_TRUE(verifies("a", signature));
        EXPECT_FALSE(verifies("b", signature));
        EXPECT_FALSE(verifies("a", ""));
    }
}

TEST_P(PublicKeyOf, RefusesEveryChangedByte) {
    const std::string signature = sign("input");
    for (std::size_t at = 0; at < signature.size(); at += 1 + signature.size() / 32) {
        std::string changed = signature;
        changed[at] ^= 1;
        EXPECT_FALSE(verifies("input", changed)) << at;
    }
}

TEST_P(PublicKeyOf, RefusesSignaturesOfEveryOtherLength) {
    const std::string signature = sign("input");
    for (std::size_t size = 0; size < signature.size(); size += 1 + signature.size() / 16) {
        EXPECT_FALSE(verifies("input", signature.substr(0, size))) << size;
    }
    EXPECT_FALSE(verifies("input", signature.substr(0, signature.size() - 1)));
    EXPECT_FALSE(verifies("input", signature.substr(1)));
    EXPECT_FALSE(verifies("input", '\0' + signature));
    EXPECT_FALSE(verifies("input", signature + '\0'));
    EXPECT_FALSE(verifies("input", signature + signature));
    EXPECT_FALSE(verifies("input", std::string(16384, '\x01')));
}

TEST_P(PublicKeyOf, RefusesSignaturesOfOneRepeatedByte) {
    // CVE-2022-21449: r = s = 0; and for all of 0xFF numbers above the order or modulus.
    const std::size_t size = sign("input").size();
    for (const char byte : {'\x00', '\x01', '\x7F', '\x80', '\xFF'}) {
        EXPECT_FALSE(verifies("input", std::string(size, byte))) << int{byte};
    }
}

TEST_P(PublicKeyOf, VerifiesUnderNoOtherAlgorithm) {
    const std::string signature = sign("input");
    for (const Algorithm other :
         {Algorithm::HS256, Algorithm::HS512, Algorithm::RS256, Algorithm::RS384, Algorithm::PS256,
          Algorithm::PS512, Algorithm::ES256, Algorithm::ES384, Algorithm::ES512,
          Algorithm::EdDSA}) {
        if (other != GetParam().algorithm) {
            EXPECT_FALSE(key_->verify(other, "input", signature)) << nameOf(other);
        }
    }
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST_P(PublicKeyOf, RefusesTheSignatureOfAnotherKey) {
    const Algorithm algorithm = GetParam().algorithm;
    if (algorithm == Algorithm::EdDSA) {
        const auto other = SigningKey::edwards(GetParam().edwardsCurve);
        EXPECT_FALSE(verifies("input", other.sign(algorithm, "input")));
    } else if (nameOf(algorithm)[0] == 'E') {
        const auto other = SigningKey::ec(algorithm == Algorithm::ES256   ? "P-256"
                                          : algorithm == Algorithm::ES384 ? "P-384"
                                                                          : "P-521");
        EXPECT_FALSE(verifies("input", other.sign(algorithm, "input")));
    } else {
        static const SigningKey other = SigningKey::rsa();
        EXPECT_FALSE(verifies("input", other.sign(algorithm, "input")));
    }
}

TEST_P(PublicKeyOf, MadeInTheMasterServesInWorkers) {
    const std::string signature = sign("input");
    ASSERT_TRUE(verifies("input", signature));
    for (int worker = 0; worker < 2; ++worker) {
        const pid_t child = fork();
        if (child == 0) {
            const bool isRight = key_->verify(GetParam().algorithm, "input", signature) &&
                                 !key_->verify(GetParam().algorithm, "other", signature);
            _exit(isRight ? 0 : 1);
        }
        int status = -1;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
    }
    EXPECT_TRUE(verifies("input", signature));
}

TEST_P(PublicKeyOf, IsTheSameFromJwkAndCertificate) {
    const std::string signature = sign("input");
    // OpenSSL signs a certificate with either Edwards key, and with all others over SHA-256.
    for (const std::string& file : {signer().jwk(), signer().certificatePem()}) {
        const VerificationKeys keys = keysOfFile(file);
        ASSERT_EQ(keys.size(), 1U) << file;
        EXPECT_TRUE(keys[0]->verify(GetParam().algorithm, "input", signature));
        EXPECT_TRUE(keys[0]->algorithms() == key_->algorithms());
    }
}

class EcdsaKey : public PublicKeyOf {
protected:
    static std::string bytesFrom(const BIGNUM* number, std::size_t size) {
        std::string bytes(size, '\0');
        BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()),
                     static_cast<int>(size));
        return bytes;
    }
};

INSTANTIATE_TEST_SUITE_P(All, EcdsaKey, testing::Values(kSchemes[6], kSchemes[7], kSchemes[8]),
                         [](const auto& info) { return info.param.name; });

TEST_P(EcdsaKey, RefusesDerSignatures) {
    for (int round = 0; round < 4; ++round) {
        EXPECT_FALSE(verifies("input", signer().signRaw(GetParam().name, "input")));
    }
}

TEST_P(EcdsaKey, VerifiesNumbersOfEveryLength) {
    // One in 256 has a zero byte in front, one in two looks negative in DER.
    for (int round = 0; round < 300; ++round) {
        const std::string input = std::to_string(round);
        ASSERT_TRUE(verifies(input, sign(input))) << input;
    }
}

TEST_P(EcdsaKey, RefusesNumbersThatAreZeroOrNotBelowTheOrder) {
    const int group = GetParam().algorithm == Algorithm::ES256   ? NID_X9_62_prime256v1
                      : GetParam().algorithm == Algorithm::ES384 ? NID_secp384r1
                                                                 : NID_secp521r1;
    EC_GROUP* const curve = EC_GROUP_new_by_curve_name(group);
    const std::string signature = sign("input");
    const std::size_t size = signature.size() / 2;
    const std::string order = bytesFrom(EC_GROUP_get0_order(curve), size);
    EC_GROUP_free(curve);
    const std::string zero(size, '\0'), r = signature.substr(0, size), s = signature.substr(size);
    std::string one = zero;
    one.back() = 1;
    for (const std::string& forged :
         {zero + zero, zero + s, r + zero, zero + one, one + zero, order + s, r + order,
          order + order, zero + order, one + one, s + r}) {
        EXPECT_FALSE(verifies("input", forged));
    }
}

/// Signatures of a PSS whose parameters are not those of RFC 7518 section 3.5.
std::string signPss(const std::string& pem, const char* digest, const char* mgf, int salt) {
    BIO* const in = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    EVP_PKEY* const key = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* parameters = nullptr;
    EVP_DigestSignInit_ex(context, &parameters, digest, nullptr, nullptr, key, nullptr);
    EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, salt);
    EVP_PKEY_CTX_set_rsa_mgf1_md_name(parameters, mgf, nullptr);
    std::string signature(EVP_PKEY_get_size(key), '\0');
    std::size_t size = signature.size();
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                   reinterpret_cast<const unsigned char*>("input"), 5);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    BIO_free(in);
    return signature;
}

TEST(PssKey, TakesOneHashAndItsSizeOfSaltOnly) {
    const std::string pem = rsaSigningKey().privatePem();
    const VerificationKeys keys = keysOfFile(rsaSigningKey().publicPem());
    const auto verifies = [&](const char* digest, const char* mgf, int salt) {
        return keys[0]->verify(Algorithm::PS256, "input", signPss(pem, digest, mgf, salt));
    };
    EXPECT_TRUE(verifies("SHA256", "SHA256", 32));
    for (const int salt : {0, 1, 20, 31, 33, 64, 222}) {
        EXPECT_FALSE(verifies("SHA256", "SHA256", salt)) << salt;
    }
    EXPECT_FALSE(verifies("SHA256", "SHA1", 32));
    EXPECT_FALSE(verifies("SHA256", "SHA512", 32));
    EXPECT_FALSE(verifies("SHA512", "SHA512", 32));
    EXPECT_FALSE(verifies("SHA512-256", "SHA256", 32));
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(PssKey, AllowsWhatItsRestrictionsLeave) {
    // RFC 4055: a key of RSASSA-PSS may be for one hash only.
    EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr);
    EVP_PKEY* key = nullptr;
    EVP_PKEY_keygen_init(context);
    EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048);
    EVP_PKEY_CTX_set_rsa_pss_keygen_md_name(context, "SHA384", nullptr);
    EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md_name(context, "SHA384");
    EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(context, 48);
    ASSERT_EQ(EVP_PKEY_generate(context, &key), 1);
    BIO* const out = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(out, key);
    char* pem = nullptr;
    const long size = BIO_get_mem_data(out, &pem);
    const VerificationKeys keys = keysOfFile({pem, static_cast<std::size_t>(size)});
    ASSERT_EQ(keys.size(), 1U);
    EXPECT_TRUE(keys[0]->algorithms() == AlgorithmSet{Algorithm::PS384});
    BIO_free(out);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(context);
}

}  // namespace
}  // namespace edgerun::auth
