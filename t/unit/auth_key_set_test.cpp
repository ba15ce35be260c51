#include "edgerun/auth/key_set.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "auth_signing_key.h"
#include "auth_vector_files.h"

namespace edgerun::auth {
namespace {

const SigningKey& p256() {
    return signingKeyFor(Algorithm::ES256);
}

std::string kid(const std::string& name) {
    return R"("kid":")" + name + '"';
}

std::string secretJwk(const std::string& more = R"("kid":"s")") {
    return R"({"kty":"oct","k":")" + text::encodeBase64Url(std::string(32, 's')) + "\"," + more +
           "}";
}

template <typename... Jwks>
std::string setOf(const Jwks&... jwks) {
    std::string keys;
    ((keys += (keys.empty() ? "" : ",") + std::string(jwks)), ...);
    return "{\"keys\":[" + keys + "]}";
}

std::vector<std::string> idsOf(const VerificationKeys& keys) {
    std::vector<std::string> ids;
    for (const auto& key : keys) {
        ids.push_back(key->keyId());
    }
    return ids;
}

using Strings = std::vector<std::string>;

KeySet fileOf(std::string_view bytes) {
    auto read = readKeyFile(bytes);
    EXPECT_EQ(ERR_peek_error(), 0U);
    EXPECT_EQ(faultsOfFile(bytes), "");
    return std::holds_alternative<KeySet>(read) ? std::get<KeySet>(std::move(read)) : KeySet{};
}

TEST(KeyFile, IsAJwkSetOrOneJwkOrPem) {
    EXPECT_EQ(idsOf(fileOf(setOf(p256().jwk(kid("a")), rsaSigningKey().jwk(kid("b")))).keys),
              (Strings{"a", "b"}));
    EXPECT_EQ(idsOf(fileOf(" \r\n\t" + p256().jwk(kid("a")) + "\n").keys), (Strings{"a"}));
    EXPECT_EQ(idsOf(fileOf(secretJwk()).keys), (Strings{"s"}));
    EXPECT_EQ(idsOf(fileOf(p256().publicPem()).keys), (Strings{""}));
}

TEST(KeyFile, HoldsSeveralPemBlocksAmongOtherText) {
    const KeySet set =
        fileOf("# keys of the provider\n" + p256().publicPem() + "\nsubject=x\n" +
               rsaSigningKey().certificatePem() + SigningKey::edwards("Ed448").publicPem());
    ASSERT_EQ(set.keys.size(), 3U);
    EXPECT_TRUE(set.keys[0]->algorithms() == AlgorithmSet{Algorithm::ES256});
    EXPECT_TRUE(set.keys[1]->allows(Algorithm::RS256) && set.keys[1]->allows(Algorithm::PS512));
    EXPECT_TRUE(set.keys[2]->algorithms() == AlgorithmSet{Algorithm::EdDSA});
}

TEST(KeyFile, TakesPemWithCarriageReturns) {
    std::string pem;
    for (const char c : p256().publicPem()) {
        pem += c == '\n' ? "\r\n" : std::string(1, c);
    }
    EXPECT_EQ(fileOf(pem).keys.size(), 1U);
}

TEST(KeyFile, HasEachFaultNamed) {
    EXPECT_EQ(faultsOfFile(setOf(p256().jwk(kid("a")), p256().jwk(R"("kid":"b","alg":"ES384")"),
                                 p256().jwk(kid("a")), "1", secretJwk(),
                                 p256().jwk(R"("kid":"d","d":"AA")"))),
              "key 2 (kid \"b\") has an alg that does not fit its kind and curve\n"
              "key 3 (kid \"a\") has the kid of a key before it\n"
              "key 4 is not a JSON object\n"
              "key 6 (kid \"d\") is a private key: whoever reads it can sign\n"
              "holds secrets (kty \"oct\") beside public keys; use a file for each");
}

TEST(KeyFile, SkipsKeysForEncryptionAndSaysSo) {
    const KeySet set =
        fileOf(setOf(rsaSigningKey().jwk(R"("kid":"e","use":"enc")"), p256().jwk(kid("a")),
                     p256().jwk(R"("key_ops":["deriveKey"])"), R"({"kty":"future","use":"enc"})"));
    EXPECT_EQ(idsOf(set.keys), (Strings{"a"}));
    EXPECT_EQ(set.skipped, (Strings{"key 1 (kid \"e\") is not for signatures (use \"enc\")",
                                    "key 3 is not for verifying (key_ops)",
                                    "key 4 is not for signatures (use \"enc\")"}));
}

TEST(KeyFile, WithoutAnyUsableKeyIsRefused) {
    const std::string none = "holds no key that verifies signatures";
    EXPECT_EQ(faultsOfFile(setOf()), none);
    EXPECT_EQ(faultsOfFile(rsaSigningKey().jwk(R"("use":"enc")")), none);
}

TEST(KeyFile, RefusesOneKidForTwoKeysHoweverTheyDiffer) {
    EXPECT_EQ(faultsOfFile(setOf(p256().jwk(kid("a")), rsaSigningKey().jwk(kid("a")))),
              "key 2 (kid \"a\") has the kid of a key before it");
    EXPECT_EQ(fileOf(setOf(p256().jwk(), rsaSigningKey().jwk(), p256().jwk())).keys.size(), 3U);
}

TEST(KeyFile, OfSecretsOnlyIsFine) {
    EXPECT_EQ(idsOf(fileOf(setOf(secretJwk(kid("a")), secretJwk(kid("b")))).keys),
              (Strings{"a", "b"}));
}

TEST(KeyFile, RefusesPrivateKeysByName) {
    const std::string advice =
        ", a private key; give its public key, as \"openssl pkey -pubout\" writes it";
    EXPECT_EQ(faultsOfFile(p256().publicPem() + p256().privatePem()),
              "block 2 is \"PRIVATE KEY\"" + advice);
    for (const char* label : {"EC PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY"}) {
        EXPECT_EQ(faultsOfFile(std::string("-----BEGIN ") + label + "-----\nAAAA\n-----END " +
                               label + "-----\n"),
                  std::string("block 1 is \"") + label + "\"" + advice);
    }
}

TEST(KeyFile, RefusesPemOfOtherKindsAndDamagedPem) {
    const auto block = [](const std::string& label, const std::string& body) {
        return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n";
    };
    EXPECT_EQ(faultsOfFile(block("RSA PUBLIC KEY", "AAAA")),
              "block 1 is \"RSA PUBLIC KEY\", neither PUBLIC KEY nor CERTIFICATE");
    EXPECT_EQ(faultsOfFile(block("A\x1B[2J", "AAAA")),
              "block 1 is of an unknown kind, neither PUBLIC KEY nor CERTIFICATE");
    EXPECT_EQ(faultsOfFile(block("PUBLIC KEY", "AAAA")),
              "block 1 is damaged, or of a kind that OpenSSL does not know");
    const std::string pem = p256().publicPem();
    const std::string damaged =
        " is damaged: BEGIN and END must be lines of their own, with lines of base64 between them";
    EXPECT_EQ(faultsOfFile(pem + pem.substr(0, 60)), "block 2" + damaged);
    EXPECT_EQ(faultsOfFile(block("PUBLIC KEY", "!!!!") + pem), "block 1" + damaged);
    std::string oneLine = rsaSigningKey().publicPem();
    oneLine.erase(std::remove(oneLine.begin(), oneLine.end(), '\n'), oneLine.end());
    EXPECT_EQ(faultsOfFile(oneLine), "block 1" + damaged);
    EXPECT_EQ(ERR_peek_error(), 0U);
}

std::string pemOf(const std::string& der, const std::string& label = "PUBLIC KEY") {
    std::string base64(4 * der.size(), '\0');
    base64.resize(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()),
                                  reinterpret_cast<const unsigned char*>(der.data()),
                                  static_cast<int>(der.size())));
    std::string lines;
    for (std::size_t at = 0; at < base64.size(); at += 64) {
        lines += base64.substr(at, 64) + "\n";
    }
    return "-----BEGIN " + label + "-----\n" + lines + "-----END " + label + "-----\n";
}

TEST(KeyFile, RefusesPublicKeysAndCertificatesWithBytesAfterThem) {
    const std::string damaged = "block 1 is damaged, or of a kind that OpenSSL does not know";
    EXPECT_EQ(faultsOfFile(pemOf(p256().publicDer())), "");
    EXPECT_EQ(faultsOfFile(pemOf(p256().publicDer() + "x")), damaged);
    EXPECT_EQ(faultsOfFile(pemOf(p256().certificateDer(), "CERTIFICATE")), "");
    EXPECT_EQ(faultsOfFile(pemOf(p256().certificateDer() + "x", "CERTIFICATE")), damaged);
}

std::string der(char tag, const std::string& content) {
    const std::size_t size = content.size();
    std::string length(1, static_cast<char>(size));
    if (size > 0x7F) {
        length = {'\x82', static_cast<char>(size >> 8), static_cast<char>(size)};
    }
    return tag + length + content;
}

/// A SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
std::string subjectKey(const std::string& algorithm, const std::string& key) {
    return der('\x30', der('\x30', algorithm) + der('\x03', '\0' + key));
}

std::string rsaPem(const std::string& modulus, const std::string& exponent) {
    const std::string rsaEncryption("\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01\x05\x00", 13);
    return pemOf(subjectKey(
        rsaEncryption, der('\x30', der('\x02', '\0' + modulus) + der('\x02', '\0' + exponent))));
}

TEST(KeyFile, HoldsRsaKeysInPemToTheRulesOfJwks) {
    const std::string e("\x01\x00\x01", 3);
    const auto modulus = [](std::size_t bytes) { return std::string(bytes, '\xA5'); };
    EXPECT_EQ(faultsOfFile(rsaPem(modulus(1024), e)), "");
    EXPECT_EQ(faultsOfFile(rsaPem(modulus(1025), e)), "block 1 has an RSA modulus above 8192 bits");
    EXPECT_EQ(faultsOfFile(rsaPem(modulus(2048), e)), "block 1 has an RSA modulus above 8192 bits");
    EXPECT_EQ(faultsOfFile(rsaPem(modulus(255), e)), "block 1 has an RSA modulus below 2048 bits");
    EXPECT_EQ(faultsOfFile(rsaPem(modulus(256), modulus(512))),
              "block 1 has an RSA exponent that is not odd, above 1 and at most 2^32");
}

TEST(KeyFile, RefusesThePointAtInfinity) {
    const std::string ecPublicKey("\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01", 9);
    const std::string prime256v1("\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07", 10);
    const auto faults = [&](const std::string& point) {
        return faultsOfFile(pemOf(subjectKey(ecPublicKey + prime256v1, point)));
    };
    EXPECT_EQ(faults(p256().publicDer().substr(26)), "");
    EXPECT_EQ(faults(p256().publicDer().substr(27)).rfind("block 1 is ", 0), 0U);
    EXPECT_EQ(faults(std::string(1, '\0')), "block 1 is not a point of its curve");
}

TEST(KeyFile, RefusesCurvesThatAreGivenByParameters) {
    // CVE-2020-0601: equal to a named curve but for what was not compared.
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit");
    BIO* const out = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(out, key);
    char* pem = nullptr;
    const long size = BIO_get_mem_data(out, &pem);
    EXPECT_EQ(faultsOfFile({pem, static_cast<std::size_t>(size)}),
              "block 1 gives its curve by parameters, not by name");
    BIO_free(out);
    EVP_PKEY_free(key);
}

TEST(KeyFile, RefusesPemKeysOfKindsThatNoAlgorithmHas) {
    const std::string unknown =
        "block 1 is of none of the kinds RSA, P-256, P-384, P-521, Ed25519, Ed448";
    for (const char* curve : {"secp256k1", "P-224", "brainpoolP256r1"}) {
        EXPECT_EQ(faultsOfFile(SigningKey::ec(curve).publicPem()), unknown) << curve;
    }
    EXPECT_EQ(faultsOfFile(SigningKey::edwards("X25519").publicPem()), unknown);
    EXPECT_EQ(faultsOfFile(SigningKey::rsa(1024).publicPem()),
              "block 1 has an RSA modulus below 2048 bits");
}

TEST(KeyFile, RefusesWhatItCannotRead) {
    const std::string neither =
        "is neither a JWK Set, nor a JWK, nor PEM (PUBLIC KEY, CERTIFICATE)";
    for (const char* text : {"", " ", "ssh-ed25519 AAAA", "[]", "null", "\xEF\xBB\xBF{}"}) {
        EXPECT_EQ(faultsOfFile(text), neither) << text;
    }
    EXPECT_EQ(faultsOfFile(p256().publicDer()), neither);
    const std::string invalid = "is not valid JSON, or has a member twice, or is nested too deep";
    for (
        const char* text :
        {"{", "{} x", R"({"keys":[],"keys":[]})", R"({"kty":"oct","k\u0074y":"oct"})",
         R"({"keys":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]})"}) {
        EXPECT_EQ(faultsOfFile(text), invalid) << text;
    }
    EXPECT_EQ(faultsOfFile(R"({"keys":{}})"), "is not a JWK Set: it has no array \"keys\"");
    EXPECT_EQ(faultsOfFile("{}"), "key 1 has no kty, which is none of RSA, EC, OKP, oct");
    EXPECT_EQ(faultsOfFile(std::string(kMaxKeySetBytes + 1, '{')), "is larger than 256 KiB");
}

std::string manyKeys(std::size_t count) {
    std::string keys;
    for (std::size_t i = 0; i < count; ++i) {
        keys += (i == 0 ? "" : ",") + p256().jwk(kid(std::to_string(i)));
    }
    return "{\"keys\":[" + keys + "]}";
}

TEST(KeyFile, HoldsAtMost64Keys) {
    EXPECT_EQ(fileOf(manyKeys(kMaxKeys)).keys.size(), kMaxKeys);
    EXPECT_EQ(faultsOfFile(manyKeys(kMaxKeys + 1)), "holds more than 64 keys");
    std::string pems;
    for (std::size_t i = 0; i <= kMaxKeys; ++i) {
        pems += p256().publicPem();
    }
    EXPECT_EQ(faultsOfFile(pems), "holds more than 64 keys");
}

TEST(KeyFile, LeavesControlCharactersAndSecretsOutOfItsFaults) {
    for (const char* id : {R"(a\nb)", R"(\u001b[2J)", "\xC2\x9B", "\x7F"}) {
        EXPECT_EQ(faultsOfFile(setOf(R"({"kty":"x","kid":")" + std::string(id) + "\"}")),
                  "key 1 has kty \"x\", which is none of RSA, EC, OKP, oct");
    }
    const std::string faults = faultsOfFile(R"({"kty":"oct","k":"c2VjcmV0c2VjcmV0","kid":"a\"b"})");
    EXPECT_EQ(faults, R"(key 1 (kid "a\"b") has a k that is shorter than 32 bytes)");
}

KeySet answerOf(std::string_view bytes) {
    auto read = readKeySet(bytes);
    EXPECT_EQ(ERR_peek_error(), 0U);
    const auto* fault = std::get_if<std::string>(&read);
    EXPECT_EQ(fault, nullptr) << *fault;
    return fault == nullptr ? std::get<KeySet>(std::move(read)) : KeySet{};
}

std::string faultOfAnswer(std::string_view bytes) {
    const auto read = readKeySet(bytes);
    return std::holds_alternative<KeySet>(read) ? "" : std::get<std::string>(read);
}

TEST(KeySet, SkipsTheKeysThatItCannotUse) {
    const KeySet set = answerOf(setOf(
        p256().jwk(R"("kid":"a","use":"enc")"), p256().jwk(R"("kid":"b","alg":"ES256K")"),
        rsaSigningKey().jwk(kid("c")), secretJwk(kid("d")), p256().jwk(R"("kid":"e","d":"AA")"),
        "null", R"({"kty":"future"})", p256().jwk(kid("f"))));
    EXPECT_EQ(idsOf(set.keys), (Strings{"c", "f"}));
    EXPECT_EQ(
        set.skipped,
        (Strings{
            "key 1 (kid \"a\") is not for signatures (use \"enc\")",
            "key 2 (kid \"b\") has alg \"ES256K\", which is no signature algorithm that is known "
            "here",
            "key 4 (kid \"d\") is a secret, which nobody should publish",
            "key 5 (kid \"e\") is a private key: whoever reads it can sign",
            "key 6 is not a JSON object",
            "key 7 has kty \"future\", which is none of RSA, EC, OKP, oct"}));
}

TEST(KeySet, KeepsTheFirstOfTwoKeysThatATokenCouldMean) {
    const KeySet set =
        answerOf(setOf(rsaSigningKey().jwk(R"("kid":"a","alg":"RS256")"),
                       rsaSigningKey().jwk(R"("kid":"a","alg":"PS256")"), p256().jwk(kid("a")),
                       rsaSigningKey().jwk(kid("a")), p256().jwk(kid("a"))));
    ASSERT_EQ(set.keys.size(), 3U);
    EXPECT_TRUE(set.keys[0]->algorithms() == AlgorithmSet{Algorithm::RS256});
    EXPECT_TRUE(set.keys[1]->algorithms() == AlgorithmSet{Algorithm::PS256});
    EXPECT_TRUE(set.keys[2]->algorithms() == AlgorithmSet{Algorithm::ES256});
    EXPECT_EQ(set.skipped, (Strings{"key 4 (kid \"a\") has the kid of a key before it",
                                    "key 5 (kid \"a\") has the kid of a key before it"}));
}

TEST(KeySet, KeepsAllKeysWithoutKid) {
    EXPECT_EQ(answerOf(setOf(p256().jwk(), p256().jwk(), p256().jwk(R"("kid":"")"))).keys.size(),
              3U);
}

TEST(KeySet, IsAJwkSetAndNothingElse) {
    const std::string invalid = "is not valid JSON, or has a member twice, or is nested too deep";
    const std::string noSet = "is not a JWK Set: it has no array \"keys\"";
    EXPECT_EQ(faultOfAnswer("<html>Sign in</html>"), invalid);
    EXPECT_EQ(faultOfAnswer(""), invalid);
    EXPECT_EQ(faultOfAnswer(p256().publicPem()), invalid);
    EXPECT_EQ(faultOfAnswer(p256().jwk()), noSet);
    EXPECT_EQ(faultOfAnswer("[" + p256().jwk() + "]"), noSet);
    EXPECT_EQ(faultOfAnswer(R"({"keys":null})"), noSet);
    EXPECT_EQ(faultOfAnswer(setOf(p256().jwk()) + std::string(kMaxKeySetBytes, ' ')),
              "is larger than 256 KiB");
}

TEST(KeySet, WithoutAUsableKeyIsAFault) {
    EXPECT_EQ(faultOfAnswer(setOf()), "holds no key that verifies signatures");
    EXPECT_EQ(faultOfAnswer(setOf(secretJwk())),
              "holds no key that verifies signatures; key 1 (kid \"s\") is a secret, which nobody "
              "should publish");
}

TEST(KeySet, TakesTheFirst64Keys) {
    const KeySet set = answerOf(manyKeys(100));
    EXPECT_EQ(set.keys.size(), kMaxKeys);
    EXPECT_EQ(set.skipped, (Strings{"all keys after the first 64"}));
}

}  // namespace
}  // namespace edgerun::auth
