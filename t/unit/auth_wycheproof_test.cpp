// C2SP Wycheproof vectors.

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <map>

#include "auth_signed_token.h"
#include "auth_vector_files.h"

namespace edgerun::auth {
namespace {

/// How many vectors were seen, accepted, and judged as their label says.
struct Tally {
    int seen = 0;
    int accepted = 0;
    int asLabelled = 0;

    bool operator==(const Tally& other) const {
        return seen == other.seen && accepted == other.accepted && asLabelled == other.asLabelled;
    }
};

std::ostream& operator<<(std::ostream& out, const Tally& tally) {
    return out << tally.seen << " seen, " << tally.accepted << " accepted, " << tally.asLabelled
               << " as labelled";
}

/// Vectors that are not judged as labelled, with the reason.
using Exceptions = std::map<std::int64_t, const char*>;

class Wycheproof : public testing::Test {
protected:
    void SetUp() override {
        if (!std::ifstream(dataDirectory() + "/wycheproof/LICENSE")) {
            GTEST_SKIP() << "no vectors in " << dataDirectory();
        }
    }

    void load(const char* name) {
        file_ = loadVectors(std::string("wycheproof/") + name);
        ASSERT_NE(file_, nullptr) << name;
    }

    /// `accepts(group, test)` judges; each verdict must be the label's, or not, for the
    /// exceptions.
    template <typename Accepts>
    Tally judge(const Exceptions& exceptions, Accepts accepts) {
        Tally tally;
        forEachTest([&](const json_t* group, const json_t* test) {
            const std::int64_t id = *text::integerMember(test, "tcId");
            const bool isAccepted = accepts(group, test);
            const bool isAsLabelled = isAccepted == (member(test, "result") == "valid");
            EXPECT_EQ(isAsLabelled, exceptions.count(id) == 0)
                << "tcId " << id << " (" << member(test, "comment") << ") is "
                << (isAccepted ? "accepted" : "refused");
            EXPECT_EQ(ERR_peek_error(), 0U) << "tcId " << id;
            ++tally.seen;
            tally.accepted += isAccepted ? 1 : 0;
            tally.asLabelled += isAsLabelled ? 1 : 0;
        });
        return tally;
    }

    template <typename Visit>
    void forEachTest(Visit visit) {
        const json_t* groups = json_object_get(file_.get(), "testGroups");
        for (std::size_t g = 0; g < json_array_size(groups); ++g) {
            const json_t* group = json_array_get(groups, g);
            const json_t* tests = json_object_get(group, "tests");
            for (std::size_t t = 0; t < json_array_size(tests); ++t) {
                visit(group, json_array_get(tests, t));
            }
        }
    }

private:
    text::JsonPtr file_;
};

/// The public half of a group's key or keys where there is one.
VerificationKeys keysOfGroup(const json_t* group) {
    const json_t* key = json_object_get(group, "public");
    return keysOfFile(text::dumpJson(key != nullptr ? key : json_object_get(group, "private")));
}

/// A token, in whatever serialization.
std::string tokenOf(const json_t* test, const char* name) {
    const json_t* token = json_object_get(test, name);
    return json_is_string(token) ? member(test, name) : text::dumpJson(token);
}

bool isAccepted(const VerificationKeys& keys, const std::string& token) {
    return verdictOf(verifyCompact(token, keys)) == "accepted";
}

bool acceptsJws(const json_t* group, const json_t* test) {
    return isAccepted(keysOfGroup(group), tokenOf(test, "jws"));
}

TEST_F(Wycheproof, JsonWebSignatureVerdictsAreOursButForTheMislabelled) {
    load("json_web_signature_test.json");
    const Exceptions exceptions = {
        {346, "PS384 in the header, PS256 in the JWK: pinned"},
        {347, "the JWK's alg is ES521, which is not registered"},
        {350, "as 346"},
        {351, "as 347"},
        {367, "\"invalid\", but the same bytes as the valid 357: its padding got lost"},
        {370, "as 367"},
        {372, "\"valid\" with a '?' inside base64url"},
        {373, "as 372"},
    };
    EXPECT_EQ(judge(exceptions, acceptsJws), (Tally{401, 42, 393}));
}

TEST_F(Wycheproof, JsonWebKeyVerdictsAreOurs) {
    load("json_web_key_test.json");
    EXPECT_EQ(judge({}, acceptsJws), (Tally{26, 5, 26}));
}

TEST_F(Wycheproof, JsonWebCryptoVerdictsAreOursAndEncryptedTokensAreRefused) {
    load("json_web_crypto_test.json");
    const Exceptions encrypted = {
        {50, "a valid JWE: encrypted tokens are not taken"},
        {67, "as 50"},
    };
    EXPECT_EQ(judge(encrypted,
                    [](const json_t* group, const json_t* test) {
                        const bool isJws = json_object_get(test, "jws") != nullptr;
                        return isAccepted(keysOfGroup(group), tokenOf(test, isJws ? "jws" : "jwe"));
                    }),
              (Tally{83, 4, 81}));
}

TEST_F(Wycheproof, EncryptedTokensAreMalformedForEveryKindOfKey) {
    load("json_web_crypto_test.json");
    VerificationKeys keys;
    forEachTest([&](const json_t* group, const json_t*) {
        for (const auto& key : keysOfGroup(group)) {
            keys.push_back(key);
        }
    });
    int encrypted = 0;
    forEachTest([&](const json_t*, const json_t* test) {
        if (json_object_get(test, "jwe") != nullptr) {
            ++encrypted;
            EXPECT_EQ(isAccepted(keys, tokenOf(test, "jwe")), false) << text::dumpJson(test);
        }
    });
    EXPECT_EQ(encrypted, 34);
}

TEST_F(Wycheproof, NoTokenOfAnyOtherKeyIsAcceptedByASecret) {
    load("json_web_signature_test.json");
    const VerificationKeys keys = keysOf(kTestSecret);
    int seen = 0;
    forEachTest([&](const json_t*, const json_t* test) {
        ++seen;
        EXPECT_FALSE(isAccepted(keys, tokenOf(test, "jws")));
    });
    EXPECT_EQ(seen, 401);
}

TEST_F(Wycheproof, HmacSha256VerdictsAreOurs) {
    load("hmac_sha256_test.json");
    int tooShort = 0, truncated = 0, verified = 0;
    forEachTest([&](const json_t* group, const json_t* test) {
        const auto key = hmacKey(bytesFromHex(member(test, "key")));
        const bool isLongEnough = text::integerMember(group, "keySize") >= 256;
        const bool isTruncated = text::integerMember(group, "tagSize") != 256;
        tooShort += isLongEnough ? 0 : 1;
        truncated += isLongEnough && isTruncated ? 1 : 0;
        ASSERT_EQ(key != nullptr, isLongEnough) << "tcId " << *text::integerMember(test, "tcId");
        // A truncated tag is valid there and no JWS signature.
        const bool expected = isLongEnough && !isTruncated && member(test, "result") == "valid";
        const bool actual = key && key->verify(Algorithm::HS256, bytesFromHex(member(test, "msg")),
                                               bytesFromHex(member(test, "tag")));
        EXPECT_EQ(actual, expected) << "tcId " << *text::integerMember(test, "tcId");
        verified += actual ? 1 : 0;
    });
    EXPECT_EQ(tooShort, 6);
    EXPECT_EQ(truncated, 84);
    EXPECT_EQ(verified, 30);
}

/// A file of one algorithm, whose groups have a key as PEM.
struct Primitive {
    const char* file;
    Algorithm algorithm;
    Tally tally;
    Exceptions exceptions;
};

class WycheproofPrimitive : public Wycheproof, public testing::WithParamInterface<Primitive> {};

TEST_P(WycheproofPrimitive, VerdictsAreOurs) {
    load(GetParam().file);
    const Algorithm algorithm = GetParam().algorithm;
    const Tally tally =
        judge(GetParam().exceptions, [algorithm](const json_t* group, const json_t* test) {
            const VerificationKeys keys = keysOfFile(member(group, "publicKeyPem"));
            return keys.size() == 1 && keys[0]->verify(algorithm, bytesFromHex(member(test, "msg")),
                                                       bytesFromHex(member(test, "sig")));
        });
    EXPECT_EQ(tally, GetParam().tally);
}

const Primitive kPrimitives[] = {
    {"rsa_signature_2048_sha256_test.json", Algorithm::RS256, {259, 9, 259}, {}},
    {"rsa_pss_2048_sha256_mgf1_32_test.json", Algorithm::PS256, {108, 63, 108}, {}},
    {"ecdsa_secp256r1_sha256_p1363_test.json", Algorithm::ES256, {262, 173, 262}, {}},
    {"ecdsa_secp384r1_sha384_p1363_test.json", Algorithm::ES384, {280, 193, 280}, {}},
    {"ecdsa_secp521r1_sha512_p1363_test.json", Algorithm::ES512, {318, 231, 318}, {}},
    {"ed25519_test.json", Algorithm::EdDSA, {151, 88, 151}, {}},
    {"ed448_test.json", Algorithm::EdDSA, {87, 17, 87}, {}},
};

void PrintTo(const Primitive& primitive, std::ostream* out) {
    *out << primitive.file;
}

INSTANTIATE_TEST_SUITE_P(All, WycheproofPrimitive, testing::ValuesIn(kPrimitives),
                         [](const auto& info) {
                             const std::string file = info.param.file;
                             return file.substr(0, file.find('.'));
                         });

}  // namespace
}  // namespace edgerun::auth
