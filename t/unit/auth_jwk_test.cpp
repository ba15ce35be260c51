#include "edgerun/auth/jwk.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "auth_signing_key.h"
#include "edgerun/text/json.h"

namespace edgerun::auth {
namespace {

std::variant<VerificationKeyPtr, UnusableKey> read(const std::string& json) {
    const text::JsonPtr jwk = text::parseJson(json, {1U << 20});
    EXPECT_NE(jwk, nullptr) << json;
    auto key = readJwk(jwk.get());
    EXPECT_EQ(ERR_peek_error(), 0U) << json;
    return key;
}

/// The names of the algorithms that the key allows, or why it is unusable.
std::string outcome(const std::string& json) {
    const auto key = read(json);
    if (const auto* unusable = std::get_if<UnusableKey>(&key)) {
        return (unusable->isForeign ? "foreign: " : "") + unusable->reason;
    }
    std::string names;
    for (auto i = 0; i <= static_cast<int>(Algorithm::EdDSA); ++i) {
        const auto algorithm = static_cast<Algorithm>(i);
        if (std::get<VerificationKeyPtr>(key)->allows(algorithm)) {
            names += (names.empty() ? "" : " ") + std::string(nameOf(algorithm));
        }
    }
    return names;
}

const std::string kAllRsa = "RS256 RS384 RS512 PS256 PS384 PS512";
const std::string kNoFit = "has an alg that does not fit its kind and curve";

const SigningKey& p256() {
    return signingKeyFor(Algorithm::ES256);
}

std::string octOf(std::size_t bytes, const std::string& more = {}) {
    return R"({"kty":"oct","k":")" + text::encodeBase64Url(std::string(bytes, 's')) + '"' + more +
           "}";
}

TEST(Jwk, WithoutAlgAllowsAllThatFit) {
    EXPECT_EQ(outcome(rsaSigningKey().jwk()), kAllRsa);
    EXPECT_EQ(outcome(p256().jwk()), "ES256");
    EXPECT_EQ(outcome(signingKeyFor(Algorithm::ES384).jwk()), "ES384");
    EXPECT_EQ(outcome(signingKeyFor(Algorithm::ES512).jwk()), "ES512");
    EXPECT_EQ(outcome(SigningKey::edwards("Ed25519").jwk()), "EdDSA");
    EXPECT_EQ(outcome(SigningKey::edwards("Ed448").jwk()), "EdDSA");
    EXPECT_EQ(outcome(octOf(32)), "HS256");
    EXPECT_EQ(outcome(octOf(64)), "HS256 HS384 HS512");
}

TEST(Jwk, WithAlgAllowsThatAloneAndOnlyIfItFits) {
    const std::pair<std::string, std::string> keys[] = {
        {kAllRsa, rsaSigningKey().jwk()},
        {"ES256", p256().jwk()},
        {"ES384", signingKeyFor(Algorithm::ES384).jwk()},
        {"ES512", signingKeyFor(Algorithm::ES512).jwk()},
        {"EdDSA", SigningKey::edwards("Ed25519").jwk()},
    };
    for (const auto& [fitting, jwk] : keys) {
        for (auto i = 0; i <= static_cast<int>(Algorithm::EdDSA); ++i) {
            const std::string name = nameOf(static_cast<Algorithm>(i));
            const bool fits = fitting.find(name) != std::string::npos;
            EXPECT_EQ(outcome("{\"alg\":\"" + name + "\"," + jwk.substr(1)), fits ? name : kNoFit);
        }
    }
}

TEST(Jwk, RefusesAlgsThatAreNotKnown) {
    for (const char* alg : {R"("none")", R"("rs256")", R"("ES256K")", R"("ES521")", R"("RSA-OAEP")",
                            R"("")", "null", "1", R"(["RS256"])"}) {
        EXPECT_EQ(outcome(rsaSigningKey().jwk("\"alg\":" + std::string(alg))).rfind("has ", 0), 0U)
            << alg;
    }
    EXPECT_EQ(outcome(p256().jwk(R"("alg":"ES256K")")),
              "has alg \"ES256K\", which is no signature algorithm that is known here");
}

TEST(Jwk, OfAnotherTypeThanItsNumbersIsRefused) {
    // CVE-2026-44699: an RSA key taken for an empty secret.
    const std::string jwk = rsaSigningKey().jwk();
    for (const char* type : {"oct", "EC", "OKP", "rsa", "AKP", ""}) {
        std::string changed = jwk;
        changed.replace(changed.find("RSA"), 3, type);
        EXPECT_NE(outcome(changed), kAllRsa) << type;
        EXPECT_EQ(outcome(changed).find("HS"), std::string::npos) << type;
    }
    EXPECT_EQ(outcome("{}"), "has no kty, which is none of RSA, EC, OKP, oct");
    EXPECT_EQ(outcome(R"({"kty":["RSA"]})"),
              "has an unusable kty, which is none of RSA, EC, OKP, oct");
    for (const char* json : {"null", "[]", "1", "\"RSA\""}) {
        EXPECT_EQ(outcome(json), "is not a JSON object");
    }
}

TEST(Jwk, ForSomethingElseThanVerifyingIsForeign) {
    const auto outcomeWith = [](const char* more) { return outcome(p256().jwk(more)); };
    EXPECT_EQ(outcomeWith(R"("use":"sig")"), "ES256");
    EXPECT_EQ(outcomeWith(R"("use":"enc")"), "foreign: is not for signatures (use \"enc\")");
    EXPECT_EQ(outcomeWith(R"("use":"SIG")"), "foreign: is not for signatures (use \"SIG\")");
    EXPECT_EQ(outcomeWith(R"("use":1)"), "is not for signatures (an unusable use)");
    EXPECT_EQ(outcomeWith(R"("key_ops":["sign","verify"])"), "ES256");
    for (const char* operations : {R"([])", R"(["sign"])", R"(["encrypt"])", R"([1])"}) {
        EXPECT_EQ(outcomeWith((R"("key_ops":)" + std::string(operations)).c_str()),
                  "foreign: is not for verifying (key_ops)");
    }
    EXPECT_EQ(outcomeWith(R"("key_ops":"verify")"), "has key_ops that are no array");
    EXPECT_EQ(outcomeWith(R"("use":"sig","key_ops":["encrypt"])"),
              "foreign: is not for verifying (key_ops)");
    EXPECT_EQ(outcome(R"({"kty":"OKP","crv":"X25519","use":"enc","x":"AA"})"),
              "foreign: is not for signatures (use \"enc\")");
}

TEST(Jwk, KeepsAKidThatIsAStringOfAtMost256Bytes) {
    const auto key = read(p256().jwk(R"("kid":"../../dev/null")"));
    ASSERT_TRUE(std::holds_alternative<VerificationKeyPtr>(key));
    EXPECT_EQ(std::get<VerificationKeyPtr>(key)->keyId(), "../../dev/null");
    EXPECT_EQ(std::get<VerificationKeyPtr>(read(p256().jwk()))->keyId(), "");
    EXPECT_EQ(outcome(p256().jwk("\"kid\":\"" + std::string(256, 'k') + '"')), "ES256");
    for (const std::string& kid : {'"' + std::string(257, 'k') + '"', std::string("1"),
                                   std::string("null"), std::string(R"(["a"])")}) {
        EXPECT_EQ(outcome(p256().jwk("\"kid\":" + kid)),
                  "has a kid that is not a string of at most 256 bytes");
    }
}

TEST(Jwk, ReadsNoCertificatesUrlsOrPrivateMembers) {
    EXPECT_EQ(outcome(p256().jwk(R"("d":"AA","x5c":["AA"],"x5u":"http://127.0.0.1:1/","x5t":"A")")),
              "ES256");
}

TEST(Jwk, NeedsNumbersInStrictBase64Url) {
    const std::string jwk = p256().jwk();
    const std::size_t x = jwk.find("\"x\":\"") + 5;
    for (const char* foreign : {"=", " ", "\\n", "+", "/"}) {
        EXPECT_EQ(outcome(std::string(jwk).insert(x, foreign)), "lacks x and y in base64url");
        EXPECT_EQ(outcome(std::string(jwk).insert(x + 43, foreign)), "lacks x and y in base64url");
    }
    EXPECT_EQ(outcome(R"({"kty":"EC","crv":"P-256","x":1,"y":2})"), "lacks x and y in base64url");
    EXPECT_EQ(outcome(R"({"kty":"RSA","n":"","e":""})"), "lacks n and e in base64url");
    EXPECT_EQ(outcome(R"({"kty":"oct","k":""})"), "lacks a k in base64url");
}

std::string ecJwk(const char* curve, const std::string& x, const std::string& y) {
    return std::string(R"({"kty":"EC","crv":")") + curve + R"(","x":")" + text::encodeBase64Url(x) +
           R"(","y":")" + text::encodeBase64Url(y) + "\"}";
}

TEST(Jwk, RefusesWhatIsNoPointOfTheCurve) {
    const std::string x = *text::decodeBase64Url("04N0xi21hshyvBp7I167sbE_bXqyqkAPfefdklMO7wY");
    const std::string y = *text::decodeBase64Url("UI8exy-C06a7DUnjIdENkxeFtHM4-l_41LqEw9nVgmw");
    ASSERT_EQ(outcome(ecJwk("P-256", x, y)), "ES256");
    const std::string zero(32, '\0'), ones(32, '\xFF');
    std::string off = y;
    off.back() ^= 1;
    const std::string refused = "is not a point of P-256 in coordinates of full size";
    for (const auto& [first, second] :
         {std::pair(x, off), std::pair(y, x), std::pair(zero, zero), std::pair(ones, ones),
          std::pair(zero, y), std::pair(x, zero), std::pair(x, ones)}) {
        EXPECT_EQ(outcome(ecJwk("P-256", first, second)), refused);
    }
    // RFC 7518 section 6.2.1.2: full size, no more and no less.
    EXPECT_EQ(outcome(ecJwk("P-256", '\0' + x, y)), refused);
    EXPECT_EQ(outcome(ecJwk("P-256", x, y.substr(1))), refused);
    EXPECT_EQ(outcome(ecJwk("P-256", x + y, x + y)), refused);
    EXPECT_EQ(outcome(ecJwk("P-256", x + y[0], y.substr(1))), refused);
    EXPECT_EQ(outcome(ecJwk("P-384", x, y)).rfind("is not a point of P-384", 0), 0U);
    for (const char* curve : {"P-224", "secp256k1", "p-256", "prime256v1", "Ed25519", ""}) {
        EXPECT_EQ(outcome(ecJwk(curve, x, y)),
                  std::string("has crv \"") + curve + "\", which is none of P-256, P-384, P-521");
    }
}

TEST(Jwk, NeedsAnEdwardsKeyOfItsCurvesSize) {
    const auto okp = [](const char* curve, std::size_t bytes) {
        return outcome(std::string(R"({"kty":"OKP","crv":")") + curve + R"(","x":")" +
                       text::encodeBase64Url(std::string(bytes, '\x05')) + "\"}");
    };
    EXPECT_EQ(okp("Ed25519", 32), "EdDSA");
    EXPECT_EQ(okp("Ed448", 57), "EdDSA");
    for (const std::size_t bytes : {0U, 1U, 31U, 33U, 57U, 64U}) {
        EXPECT_EQ(okp("Ed25519", bytes), "lacks an x of 32 bytes in base64url");
    }
    EXPECT_EQ(okp("Ed448", 56), "lacks an x of 57 bytes in base64url");
    EXPECT_EQ(okp("X25519", 32), "has crv \"X25519\", which is none of Ed25519, Ed448");
    EXPECT_EQ(okp("P-256", 32), "has crv \"P-256\", which is none of Ed25519, Ed448");
}

/// An odd number of so many bits that is nobody's modulus; nothing looks for its primes.
std::string modulusOf(std::size_t bits) {
    std::string bytes((bits + 7) / 8, '\x5A');
    const auto topBits = (bits - 1) % 8;
    bytes[0] = static_cast<char>(1U << topBits);
    bytes.back() |= 1;
    return bytes;
}

std::string rsaOutcome(const std::string& modulus, const std::string& exponent) {
    return outcome(R"({"kty":"RSA","n":")" + text::encodeBase64Url(modulus) + R"(","e":")" +
                   text::encodeBase64Url(exponent) + "\"}");
}

TEST(Jwk, NeedsAnRsaModulusOf2048To8192Bits) {
    const std::string e = std::string("\x01\0\x01", 3);
    for (const std::size_t bits : {2048U, 2049U, 3072U, 4096U, 8192U}) {
        EXPECT_EQ(rsaOutcome(modulusOf(bits), e), kAllRsa) << bits;
        EXPECT_EQ(rsaOutcome('\0' + modulusOf(bits), e), kAllRsa) << bits;
    }
    for (const std::size_t bits : {1U, 512U, 1024U, 2047U}) {
        EXPECT_EQ(rsaOutcome(modulusOf(bits), e), "has an RSA modulus below 2048 bits") << bits;
    }
    // Zeros in front make no long number.
    EXPECT_EQ(rsaOutcome(std::string(200, '\0') + modulusOf(1024), e),
              "has an RSA modulus below 2048 bits");
    for (const std::size_t bits : {8193U, 8200U, 16384U, 262144U}) {
        EXPECT_EQ(rsaOutcome(modulusOf(bits), e),
                  "has an n or e that is above 8192 bits or not an RSA key's")
            << bits;
    }
    std::string even = modulusOf(2048);
    even.back() ^= 1;
    EXPECT_EQ(rsaOutcome(even, e), "has an even RSA modulus");
    EXPECT_NE(rsaOutcome(std::string(256, '\0'), e), kAllRsa);
}

TEST(Jwk, NeedsAnRsaExponentThatIsOddAbove1AndAtMost32Bits) {
    const std::string n = modulusOf(2048);
    for (const std::string& e : {std::string("\x03"), std::string("\x11"),
                                 std::string("\0\x01\0\x01", 4), std::string(4, '\xFF')}) {
        EXPECT_EQ(rsaOutcome(n, e), kAllRsa);
    }
    for (const std::string& e : {std::string(1, '\0'), std::string("\x01"), std::string("\x02"),
                                 std::string("\x01\0", 2), std::string("\x01\0\0\0\x01", 5),
                                 std::string(256, '\xFF'), n, std::string(1024, '\xFF')}) {
        EXPECT_NE(rsaOutcome(n, e), kAllRsa) << e.size();
    }
}

TEST(Jwk, RefusesRsaKeysOfAFaultyGenerator) {
    // CVE-2017-15361: a power of 65537 modulo each small prime. Here it is one outright.
    BIGNUM* const base = BN_new();
    BIGNUM* const power = BN_new();
    BIGNUM* const exponent = BN_new();
    BN_CTX* const context = BN_CTX_new();
    BN_set_word(base, 65537);
    BN_set_word(exponent, 128);
    BN_exp(power, base, exponent, context);
    std::string modulus(BN_num_bytes(power), '\0');
    BN_bn2bin(power, reinterpret_cast<unsigned char*>(modulus.data()));
    EXPECT_EQ(rsaOutcome(modulus, "\x03"), "was made by a faulty generator (ROCA, CVE-2017-15361)");
    BN_CTX_free(context);
    BN_free(exponent);
    BN_free(power);
    BN_free(base);
}

TEST(Jwk, TakesASecretAsMakeHmacKeyDoes) {
    EXPECT_EQ(outcome(octOf(31)), "has a k that is shorter than 32 bytes");
    EXPECT_EQ(outcome(octOf(63, R"(,"alg":"HS384")")), "HS384");
    EXPECT_EQ(outcome(octOf(47, R"(,"alg":"HS384")")),
              "has a k that is unfit for its alg, which is not for secrets or has a longer hash");
    for (const char* alg : {"RS256", "ES256", "EdDSA"}) {
        EXPECT_EQ(
            outcome(octOf(64, std::string(R"(,"alg":")") + alg + '"')),
            "has a k that is unfit for its alg, which is not for secrets or has a longer hash");
    }
    EXPECT_EQ(outcome(R"({"kty":"oct","k":")" + text::encodeBase64Url(p256().publicPem()) + "\"}"),
              "has a k that is a PEM key or certificate, not a shared secret");
}

TEST(Jwk, IsNeverQuotedWithASecretOrControlCharacters) {
    const std::string secret = "thesecretofthekey";
    for (const std::string& reason : {outcome(R"({"kty":"oct","k":")" + secret + "\"}"),
                                      outcome(R"({"kty":"oct","alg":"dir","k":")" + secret + "\"}"),
                                      outcome(R"({"kty":"RSA","d":")" + secret + "\"}")}) {
        EXPECT_EQ(reason.find(secret), std::string::npos) << reason;
    }
    EXPECT_EQ(outcome(R"({"kty":"a\nb"})"),
              "has an unusable kty, which is none of RSA, EC, OKP, oct");
    EXPECT_LT(outcome("{\"kty\":\"" + std::string(4096, 'k') + "\"}").size(), 100U);
}

}  // namespace
}  // namespace edgerun::auth
