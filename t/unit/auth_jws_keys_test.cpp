// Which keys a token is checked against.

#include <gtest/gtest.h>

#include "auth_signed_token.h"
#include "auth_signing_key.h"
#include "auth_vector_files.h"

namespace edgerun::auth {
namespace {

const std::string kAccepted = "accepted";
const std::string kWrongAlgorithm = describe(TokenProblem::WrongAlgorithm);
const std::string kBadSignature = describe(TokenProblem::BadSignature);
const std::string kUnknownKey = describe(TokenProblem::UnknownKey);

/// Counts how often it is asked; takes a signature only if told to.
class CountingKey final : public VerificationKey {
public:
    CountingKey(std::string keyId, AlgorithmSet algorithms, bool takes)
        : VerificationKey(std::move(keyId), algorithms), takes_(takes) {}
    bool verify(Algorithm, std::string_view, std::string_view) const override {
        ++asked;
        return takes_;
    }

    mutable int asked = 0;

private:
    bool takes_;
};

std::shared_ptr<const CountingKey> keyNamed(const char* keyId, bool takes = true,
                                            AlgorithmSet algorithms = {Algorithm::ES256}) {
    return std::make_shared<CountingKey>(keyId, algorithms, takes);
}

std::string verdict(const char* header, const VerificationKeys& keys,
                    AlgorithmSet algorithms = AlgorithmSet::all()) {
    return verdictOf(verifyCompact(signToken(header, "{}"), keys, algorithms));
}

constexpr const char* kNoKid = R"({"alg":"ES256"})";
constexpr const char* kKidA = R"({"alg":"ES256","kid":"a"})";

TEST(JwsKeys, AKidAsksTheKeysOfThatKidAndThoseWithoutOne) {
    const auto a = keyNamed("a", false), b = keyNamed("b"), none = keyNamed("", false);
    EXPECT_EQ(verdict(kKidA, {b, a, none}), kBadSignature);
    EXPECT_EQ(a->asked, 1);
    EXPECT_EQ(b->asked, 0);
    EXPECT_EQ(none->asked, 1);
    EXPECT_EQ(verdict(kKidA, {b, keyNamed("a")}), kAccepted);
    EXPECT_EQ(verdict(kKidA, {b, keyNamed("")}), kAccepted);
}

TEST(JwsKeys, ATokenWithoutKidAsksThemAll) {
    const auto a = keyNamed("a", false), none = keyNamed("", false), b = keyNamed("b");
    EXPECT_EQ(verdict(kNoKid, {a, none, b}), kAccepted);
    EXPECT_EQ(a->asked + none->asked + b->asked, 3);
    EXPECT_EQ(verdict(kNoKid, {a, none}), kBadSignature);
}

TEST(JwsKeys, AKidOfNobodysIsAnUnknownKeyWhateverItsAlgorithm) {
    EXPECT_EQ(verdict(kKidA, {keyNamed("b")}), kUnknownKey);
    EXPECT_EQ(verdict(kKidA, {}), kUnknownKey);
    EXPECT_EQ(verdict(kKidA, {keyNamed("", false)}), kUnknownKey);
    EXPECT_EQ(verdict(kKidA, {keyNamed("b", true, {Algorithm::RS256})}), kUnknownKey);
    EXPECT_EQ(verdict(R"({"alg":"ES256","kid":"A"})", {keyNamed("a")}), kUnknownKey);
    EXPECT_EQ(verdict(R"({"alg":"ES256","kid":"a "})", {keyNamed("a")}), kUnknownKey);
}

TEST(JwsKeys, AKidOfAKeyThatDoesNotAllowTheAlgorithmIsNoUnknownKey) {
    EXPECT_EQ(verdict(kKidA, {keyNamed("a", true, {Algorithm::ES384})}), kWrongAlgorithm);
    EXPECT_EQ(verdict(kNoKid, {keyNamed("a", true, {Algorithm::ES384})}), kWrongAlgorithm);
    EXPECT_EQ(verdict(kNoKid, {}), kWrongAlgorithm);
}

TEST(JwsKeys, OneKidMayBeThatOfKeysOfSeveralAlgorithms) {
    const auto rsa = keyNamed("a", false, {Algorithm::RS256});
    const auto ec = keyNamed("a", true, {Algorithm::ES256});
    EXPECT_EQ(verdict(kKidA, {rsa, ec}), kAccepted);
    EXPECT_EQ(rsa->asked, 0);
}

TEST(JwsKeys, AnEmptyKidIsLikeAnyOther) {
    EXPECT_EQ(verdict(R"({"alg":"ES256","kid":""})", {keyNamed("")}), kAccepted);
    EXPECT_EQ(verdict(R"({"alg":"ES256","kid":""})", {keyNamed("a")}), kUnknownKey);
}

TEST(JwsKeys, AnAlgorithmThatTheLocationDoesNotAllowAsksNoKey) {
    const auto key = keyNamed("a", true, {Algorithm::ES256, Algorithm::ES384});
    EXPECT_EQ(verdict(kKidA, {key}, {Algorithm::ES384, Algorithm::RS256}), kWrongAlgorithm);
    EXPECT_EQ(verdict(kKidA, {key}, {}), kWrongAlgorithm);
    EXPECT_EQ(verdict(R"({"alg":"ES256","kid":"x"})", {key}, {Algorithm::ES384}), kWrongAlgorithm);
    EXPECT_EQ(key->asked, 0);
    EXPECT_EQ(verdict(kKidA, {key}, {Algorithm::ES256}), kAccepted);
}

TEST(JwsKeys, NoTokenAsksMoreThan16) {
    std::vector<std::shared_ptr<const CountingKey>> refusing;
    VerificationKeys keys;
    for (std::size_t i = 0; i < 64; ++i) {
        keys.push_back(keyNamed("other", true, {Algorithm::RS256}));  // never asked, so not counted
        refusing.push_back(keyNamed("", false));
        keys.push_back(refusing.back());
    }
    EXPECT_EQ(verdict(kNoKid, keys), kBadSignature);
    EXPECT_EQ(verdict(kKidA, keys), kUnknownKey);
    int asked = 0;
    for (const auto& key : refusing) {
        asked += key->asked;
    }
    EXPECT_EQ(asked, 2 * static_cast<int>(kMaxTries));
    keys.insert(keys.begin() + 2 * (kMaxTries - 1), keyNamed(""));
    EXPECT_EQ(verdict(kNoKid, keys), kAccepted);
}

TEST(JwsKeys, OfEveryKindVerifyTheirTokensAndNoOthers) {
    const Algorithm algorithms[] = {
        Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384,
        Algorithm::PS512, Algorithm::ES256, Algorithm::ES384, Algorithm::ES512, Algorithm::EdDSA};
    const std::string set = "{\"keys\":[" + rsaSigningKey().jwk(R"("kid":"RSA")") + "," +
                            signingKeyFor(Algorithm::ES256).jwk(R"("kid":"ES256")") + "," +
                            signingKeyFor(Algorithm::ES384).jwk(R"("kid":"ES384")") + "," +
                            signingKeyFor(Algorithm::ES512).jwk(R"("kid":"ES512")") + "," +
                            signingKeyFor(Algorithm::EdDSA).jwk(R"("kid":"EdDSA")") + "]}";
    const VerificationKeys keys = keysOfFile(set);
    ASSERT_EQ(keys.size(), 5U);
    for (const Algorithm signedBy : algorithms) {
        for (const Algorithm named : algorithms) {
            const std::string token =
                signTokenBy(signingKeyFor(signedBy), signedBy, headerFor(named), R"({"a":1})");
            EXPECT_EQ(verdictOf(verifyCompact(token, keys)),
                      signedBy == named ? kAccepted : kBadSignature)
                << nameOf(signedBy) << " as " << nameOf(named);
        }
    }
}

TEST(JwsKeys, PinnedToOneAlgorithmVerifyNoOther) {
    const auto& signer = rsaSigningKey();
    const VerificationKeys keys = keysOfFile(signer.jwk(R"("kid":"a","alg":"PS256")"));
    ASSERT_EQ(keys.size(), 1U);
    const auto verdictOfToken = [&](Algorithm algorithm) {
        return verdictOf(verifyCompact(
            signTokenBy(signer, algorithm, headerFor(algorithm, R"("kid":"a")")), keys));
    };
    EXPECT_EQ(verdictOfToken(Algorithm::PS256), kAccepted);
    EXPECT_EQ(verdictOfToken(Algorithm::PS384), kWrongAlgorithm);
    EXPECT_EQ(verdictOfToken(Algorithm::RS256), kWrongAlgorithm);
}

}  // namespace
}  // namespace edgerun::auth
